"""`manage.py export_events`: write the schemas and the AsyncAPI document."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tidegate.events.documents import write


class Command(BaseCommand):
    """Prints what changed."""

    help = "Write docs/events/*.schema.json and docs/events/asyncapi.yaml."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/events"))

    def handle(self, *args: Any, **options: Any) -> None:
        changed = write(options["folder"])
        for path in changed:
            self.stdout.write(str(path))
        self.stdout.write(f"{len(changed)} files changed")
