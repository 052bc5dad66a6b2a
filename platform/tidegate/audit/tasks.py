"""Celery entry points, called by the schedule."""

from celery import shared_task

from tidegate.audit import checkpoints, witnesses


@shared_task(name="audit.checkpoint")
def checkpoint() -> None:
    """Sign what was appended since the last time, when it is many entries or long ago.

    And give the witness what it has not taken.
    """
    checkpoints.checkpoint_if_due()
    witnesses.deliver()
