"""`manage.py ledger_reconcile`: prove that credits and jobs add up, or say where they do not."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from generation.app.reconciliation import reconcile


class Command(BaseCommand):
    """Ends with 0 when everything adds up, with 1 and what drifted when something does not."""

    help = "Reconcile the ledger: entries with balances, reservations with jobs and outputs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=100, help="findings of each sort to show")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            totals, drifts = reconcile(limit=options["limit"])
        except OperationalError as error:
            raise CommandError(f"the database cannot be reached: {error}") from error
        figures = {
            "entries": totals.entries,
            "organisations": totals.organisations,
            "issued": -totals.issued,
            "available": totals.available,
            "reserved": totals.reserved,
            "earned": totals.earned,
        }
        if options["json"]:
            self.stdout.write(json.dumps({**figures, "drift": [str(drift) for drift in drifts]}))
        else:
            self.stdout.write(", ".join(f"{value} {name}" for name, value in figures.items()))
            for drift in drifts:
                self.stdout.write(f"DRIFT {drift}")
        if drifts:
            raise CommandError(f"the ledger drifts in {len(drifts)} places, first at {drifts[0]}")
        if not options["json"]:
            self.stdout.write("the ledger adds up")
