"""Celery entry points of the gate."""

from celery import shared_task

from moderation.app.rechecking import judge_again
from moderation.app.services import conduct, lineage


@shared_task(name="moderation.recheck", ignore_result=True)
def recheck() -> None:
    """Judge again what is held for an outage only, now that detectors may be back."""
    judge_again()


@shared_task(name="moderation.spread_blocks", ignore_result=True)
def spread_blocks() -> None:
    """Reach what blocks were too large to reach at once, and give back likewise."""
    lineage.go_on()


@shared_task(name="moderation.end_restrictions", ignore_result=True)
def end_restrictions() -> None:
    """End the restrictions whose time is over."""
    conduct.end_expired()
