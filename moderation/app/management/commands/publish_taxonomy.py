"""`manage.py publish_taxonomy`: write this release's hazards and mappings as rows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.app.services import publish_taxonomy
from moderation.core.taxonomy import taxonomy
from tidegate.primitives.errors import Conflict


class Command(BaseCommand):
    """Part of every start; a version that is there already is left as it is."""

    help = "Publish the taxonomy of this release; doing so again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            published = publish_taxonomy(taxonomy=taxonomy())
        except Conflict as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(f"published {name}" for name in published) or "nothing new")
