"""`policy_schemas`: write the JSON Schemas of policies into docs/policies."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from moderation.core import policy_file, tightening


class Command(BaseCommand):
    """Writes what a change of the documents' shape changes in their schemas."""

    help = "Write the JSON Schemas of a policy and of what organisations have stricter."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to write or only to compare."""
        parser.add_argument(
            "--check", action="store_true", help="only say whether they are current"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, or compare, every schema."""
        folder = Path(settings.ROOT) / "docs" / "policies"
        for name, schema in _schemas().items():
            path = folder / name
            text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
            if not options["check"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                self.stdout.write(f"docs/policies/{name}")
            elif not path.exists() or path.read_text(encoding="utf-8") != text:
                raise CommandError(f"docs/policies/{name} is not current: run policy_schemas.")


def _schemas() -> dict[str, dict[str, Any]]:
    return {
        "policy.schema.json": policy_file.schema(),
        "stricter.schema.json": tightening.schema(),
    }
