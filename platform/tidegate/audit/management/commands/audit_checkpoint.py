"""`manage.py audit_checkpoint`: sign where every chain stands."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tidegate.audit import keys
from tidegate.audit.checkpoints import TrailBroken, checkpoint, export_file, key_file


class Command(BaseCommand):
    """Prints how many chains were signed; ends with 1 when a chain does not follow."""

    help = "Sign the head of every chain that grew and append it to the export file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--create-key", action="store_true", help="make the signing key first if there is none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["create_key"] and not key_file().exists():
            keys.create(key_file())
        try:
            made = checkpoint()
        except (keys.KeyUnusable, TrailBroken) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(made)} chains signed, exported to {export_file()}")
