"""Celery entry points of the gate."""

from celery import shared_task

from moderation.app.escalating import escalate_overdue
from moderation.app.posting import post_letters as post
from moderation.app.rechecking import judge_again
from moderation.app.services import conduct, lineage
from moderation.app.services.attempts import forget_attempts as forget
from moderation.app.services.backtest_runs import advance_backtests
from moderation.app.services.bulk import advance_bulks
from moderation.app.services.clocks import escalate_late
from moderation.app.services.policy_fuse import check_policies
from moderation.app.services.retro_steps import advance_retro_runs
from moderation.app.services.routing import route_changed
from moderation.app.services.sampling import draw_gate
from moderation.app.services.settling import settle_second_looks
from moderation.app.services.shadows import forget_shadows

# Less than the schedule's period, so that one run of the task rarely meets the next.
_SECONDS = 4.0


@shared_task(name="moderation.recheck", ignore_result=True)
def recheck() -> None:
    """Judge again what is held for an outage only, now that detectors may be back."""
    judge_again()


@shared_task(name="moderation.policy_fuse", ignore_result=True)
def policy_fuse() -> None:
    """Roll back a policy on trial that left its limits."""
    check_policies()


@shared_task(name="moderation.backtests", ignore_result=True)
def backtests() -> None:
    """Go on with backtests that people started."""
    advance_backtests(seconds=_SECONDS)


@shared_task(name="moderation.retro_runs", ignore_result=True)
def retro_runs() -> None:
    """Go on with runs over what is released."""
    advance_retro_runs(seconds=_SECONDS)


@shared_task(name="moderation.forget_shadows", ignore_result=True)
def forget_old_shadows() -> None:
    """Remove what shadows would have said long ago."""
    while forget_shadows():
        pass


@shared_task(name="moderation.spread_blocks", ignore_result=True)
def spread_blocks() -> None:
    """Reach what blocks were too large to reach at once, and give back likewise."""
    lineage.go_on()


@shared_task(name="moderation.bulk_decisions", ignore_result=True)
def bulk_decisions() -> None:
    """Go on with decisions about many cases, and with their reversal."""
    advance_bulks(seconds=_SECONDS)


@shared_task(name="moderation.end_restrictions", ignore_result=True)
def end_restrictions() -> None:
    """End the restrictions whose time is over."""
    conduct.end_expired()


@shared_task(name="moderation.escalate", ignore_result=True)
def escalate() -> None:
    """Give people what was not judged before its deadline, and put late cases first."""
    escalate_overdue()
    escalate_late()


@shared_task(name="moderation.forget_attempts", ignore_result=True)
def forget_attempts() -> None:
    """Delete the rows of tries that are older than they are kept."""
    forget()


@shared_task(name="moderation.post_letters", ignore_result=True)
def post_letters() -> None:
    """Mail what people are owed to hear."""
    post()


@shared_task(name="moderation.quality", ignore_result=True)
def quality() -> None:
    """Compare what second persons said, and draw from what the checks decided alone."""
    settle_second_looks()
    draw_gate()


@shared_task(name="moderation.route", ignore_result=True)
def route() -> None:
    """Put cases whose facts have changed, or whose queues have, where they belong now."""
    route_changed()
