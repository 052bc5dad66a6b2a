"""`manage.py audit_export`: entries with their proofs, for somebody who verifies them offline."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tidegate.audit import exports, selectors
from tidegate.primitives.actor import Actor

PLATFORM = "platform"


class Command(BaseCommand):
    """Writes JSON Lines; what `offline.py` says about them needs the public key only."""

    help = "Export entries of the audit trail with proofs; the trail remembers it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="where to write; it must not exist yet")
        parser.add_argument("--chain", help="only this chain")
        parser.add_argument("--subject", help="only this subject's id")
        parser.add_argument("--correlation", type=UUID, help="only what this request led to")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {
            "chain": options["chain"],
            "subject_id": options["subject"],
            "correlation_id": options["correlation"],
        }
        lines = exports.export(
            selectors.entries(**asked),
            actor=Actor.system("command"),
            chain=PLATFORM,
            asked={name: str(value) for name, value in asked.items() if value is not None},
            at_most=None,
        )
        try:
            with options["file"].open("x", encoding="utf-8") as file:
                count = sum(1 for line in lines if file.write(line))
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be written: {error.strerror}") from error
        self.stdout.write(f"{count} lines written to {options['file']}")
