"""`manage.py overdue`: what was not judged in time, for people and for an operator's alerting."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from moderation.app.selectors import overdue
from tidegate.accounts.viewers import system


class Command(BaseCommand):
    """Print what is overdue as JSON; exit 1 where something is, which is all a monitor needs."""

    help = "Print what was not judged before its deadline, as JSON; exits 1 if there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many to name."""
        parser.add_argument("--limit", type=int, default=20, help="how many to name (default 20)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the count, the oldest deadline and the first of them."""
        found = overdue(system("overdue"), limit=options["limit"])
        self.stdout.write(json.dumps(asdict(found), default=str, indent=1))
        if found.count:
            raise SystemExit(1)
