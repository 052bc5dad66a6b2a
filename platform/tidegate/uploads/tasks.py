"""Celery entry points."""

from celery import shared_task

from tidegate.uploads import services


@shared_task(name="uploads.sweep", ignore_result=True)
def sweep() -> None:
    """Screen what is owed and drop what has expired."""
    services.sweep_uploads()
