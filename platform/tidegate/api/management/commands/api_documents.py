"""`api_documents`: write docs/api/openapi.json and docs/api/problems.md anew."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from tidegate.api.documents import documents


class Command(BaseCommand):
    """Writes what a change of the API changes in its documents."""

    help = "Write the OpenAPI document and the list of problem codes into docs/api."

    def handle(self, *args: object, **options: object) -> None:
        """Write every document."""
        folder = Path(settings.ROOT) / "docs" / "api"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in documents().items():
            (folder / name).write_text(text, encoding="utf-8")
            self.stdout.write(f"docs/api/{name}")
