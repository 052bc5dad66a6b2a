"""`ensure_demo`: demo people and their log-ins, on installations that want them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tidegate.projects.demo import CAST, ensure_demo


class Command(BaseCommand):
    """Makes what is missing and prints the log-ins."""

    help = "Make the demo's people, company, project and API key, and print the log-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.TIDEGATE_DEMO:
            raise CommandError("TIDEGATE_DEMO is off: this installation has no demo people.")
        file = Path(settings.TIDEGATE_DEMO_FILE)
        demo = ensure_demo(file=file)
        width = max(len(part.email) for part in CAST)
        self.stdout.write("Demo log-ins, all with the password " + demo.password)
        for part in CAST:
            self.stdout.write(f"  {part.email:<{width}}  {part.role.replace('_', ' ')}")
        self.stdout.write(f"  API key of Harbour Lights: {demo.api_key}")
