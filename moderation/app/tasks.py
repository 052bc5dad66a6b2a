"""Celery entry points of the gate."""

from celery import shared_task

from moderation.app.escalating import escalate_overdue
from moderation.app.rechecking import judge_again
from moderation.app.services.attempts import forget_attempts as forget


@shared_task(name="moderation.recheck", ignore_result=True)
def recheck() -> None:
    """Judge again what is held for an outage only, now that detectors may be back."""
    judge_again()


@shared_task(name="moderation.escalate", ignore_result=True)
def escalate() -> None:
    """Give people what was not judged before its deadline."""
    escalate_overdue()


@shared_task(name="moderation.forget_attempts", ignore_result=True)
def forget_attempts() -> None:
    """Delete the rows of tries that are older than they are kept."""
    forget()
