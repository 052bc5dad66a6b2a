"""`manage.py model_folders`: write the Triton folders of the models that entries describe."""

from typing import Any

from django.core.management.base import BaseCommand

from generation.app.registry.folders import repository, write_folders


class Command(BaseCommand):
    """A model's folder is also written when it is loaded; this is for looking and for fetching."""

    help = "Write the folder of every entry that names a back-end, and print where."

    def handle(self, *args: Any, **options: Any) -> None:
        folders = write_folders()
        for folder in folders:
            self.stdout.write(str(folder))
        if not folders:
            self.stdout.write(f"No entry names a back-end; {repository()} stays as it is.")
