"""`manage.py audit_verify`: prove that the trail is whole, or say where it is not."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from tidegate.audit import keys, resuming
from tidegate.audit.checkpoints import export_file, key_file
from tidegate.audit.export import ExportUnreadable
from tidegate.audit.models import Checkpoint
from tidegate.audit.verification import verify

_SHOWN = 20


class Command(BaseCommand):
    """Ends with 0 when everything holds, with 1 and the first faults when something does not."""

    help = "Verify every entry, link and signature of the audit trail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--export", type=Path, help="the copy of the checkpoints to trust")
        parser.add_argument(
            "--without-export", action="store_true", help="trust the database's checkpoints alone"
        )
        parser.add_argument(
            "--incremental",
            action="store_true",
            help="read only what came since the trail last verified, as --state says",
        )
        parser.add_argument(
            "--state", type=Path, help="where it stood; default: verified.json beside the export"
        )
        parser.add_argument("--public-key", type=Path, help="PEM file; default: the signing key's")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        state = options["state"] or export_file().with_name("verified.json")
        try:
            public = keys.load_public(options["public_key"] or key_file())
            if options["incremental"]:
                report = resuming.verify_since(resuming.read_state(state), public_key=public)
            else:
                path = self._export(options["export"], is_left_out=options["without_export"])
                report = verify(public_key=public, export_path=path)
        except (keys.KeyUnusable, ExportUnreadable, resuming.StateUnreadable) as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"the database cannot be reached: {error}") from error
        seconds = max(time.perf_counter() - started, 1e-6)
        self.stdout.write(
            f"{report.entries} entries in {report.chains} chains, {report.checkpoints} checkpoints,"
            f" {report.exported} exported; {report.entries / seconds:.0f} entries/s"
        )
        for finding in report.findings[:_SHOWN]:
            self.stdout.write(f"BAD {finding}")
        if report.findings:
            first = report.findings[0]
            raise CommandError(
                f"the trail is broken in {len(report.findings)} places, first at"
                f" chain {first.chain}, seq {first.seq}: {first.why}"
            )
        resuming.write_state(state, report.places)
        self.stdout.write("the audit trail verifies")

    def _export(self, given: Path | None, *, is_left_out: bool) -> Path | None:
        """Choose the copy of the checkpoints to compare with; one that vanished is a fault."""
        if is_left_out:
            return None
        path = given or export_file()
        if given is None and not path.exists():
            if Checkpoint.objects.exists():
                raise CommandError(
                    f"there are checkpoints, but their copy {path} is gone; point --export to"
                    " another copy, or say --without-export"
                )
            return None
        return path
