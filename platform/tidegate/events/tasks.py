"""Celery entry points, called by the schedule."""

from celery import shared_task

from tidegate.events import upkeep


@shared_task(name="events.reconcile")
def reconcile() -> None:
    """Settle what everybody has, send again what somebody lacks."""
    upkeep.reconcile()


@shared_task(name="events.retention")
def retention() -> None:
    """Remove what nobody needs any more."""
    upkeep.retain()
