"""`manage.py rebuild_recommendations`: items, tastes and heat from the rows they come from."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from recommendations.app.services.rebuilding import rebuild


class Command(BaseCommand):
    """Rebuilds what recommendations derive; run it again after a stop, and it goes on."""

    help = "Derive items, tastes and heat again; goes on where it was stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the one switch."""
        parser.add_argument(
            "--from-start", action="store_true", help="forget how far an earlier run came"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild and show how far it is."""
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        ) as shown:
            bars: dict[str, Any] = {}
            for name, done, total in rebuild(from_start=options["from_start"]):
                bar = bars.setdefault(name, shown.add_task(name, total=total))
                shown.update(bar, completed=done, total=total)
        self.stdout.write("Everything is rebuilt.")
