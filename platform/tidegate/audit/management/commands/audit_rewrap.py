"""`manage.py audit_rewrap --new FILE`: wrap every person's key by another key."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from tidegate.audit import sealing
from tidegate.audit.keys import KeyUnusable
from tidegate.audit.models import SubjectKey


class Command(BaseCommand):
    """All or none: afterwards every process must be given the new file."""

    help = "Wrap the keys of the trail's personal values by the key of another file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the new file."""
        parser.add_argument("--new", required=True, type=Path, help="made where there is none")

    @transaction.atomic
    def handle(self, *args: Any, new: Path, **options: Any) -> None:
        """Wrap them anew, in one transaction."""
        try:
            old = sealing.wrapping_key()
            sealing.create_wrapping_key(new)
            other = sealing.key_in(new)
            subjects = list(SubjectKey.objects.order_by("subject").values_list("pk", flat=True))
            for subject in subjects:
                sealing.rewrap(subject, old=old, new=other)
        except (KeyUnusable, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{len(subjects)} keys are wrapped by {new} now."
            " Set TIDEGATE_AUDIT_SEALING_KEY_FILE to it and restart every process."
        )
