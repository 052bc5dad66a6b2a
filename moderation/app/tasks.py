"""Celery entry points of the gate."""

from celery import shared_task

from moderation.app.rechecking import judge_again


@shared_task(name="moderation.recheck", ignore_result=True)
def recheck() -> None:
    """Judge again what is held for an outage only, now that detectors may be back."""
    judge_again()
