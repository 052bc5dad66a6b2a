"""After an outage: what was held for it alone is judged again, without anybody's work."""

from time import monotonic

import structlog

from moderation.app.engine import Engine, engine
from moderation.app.in_force import engine_for
from moderation.app.judgement import Judgement
from moderation.app.judging import judge_asset
from moderation.app.models import Attempt, Outcome
from moderation.app.selectors.evidence import cases_without_detectors
from moderation.app.services.attempts import note_error, note_failure
from moderation.app.services.cases import note_recheck
from moderation.app.services.verdicts import PolicyGone, supersede_unavailable
from moderation.core.failures import OUTAGES, RETRIES, Failure
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now

log = structlog.get_logger(__name__)

AT_ONCE = 200
SECONDS = 25.0
_FAILURES_IN_A_ROW = 2
# As the consumer waits when that happens to a first verdict.
_PAUSE_WITHOUT_POLICY = 1.0


def judge_again(*, at_most: int = AT_ONCE, seconds: float = SECONDS) -> int:
    """Return how many waiting assets got a real verdict within about `seconds`.

    Two failures in a row that the next one would meet as well mean that the detectors are still
    away. What failed waits as the rule of its failure says, so that one broken file cannot keep
    the good ones waiting for ever, and after its last try it is left to people.
    """
    gate = engine()
    until = monotonic() + seconds
    judged = failures = 0
    for case_id, asset_id in cases_without_detectors(at_most):
        if monotonic() > until or failures == _FAILURES_IN_A_ROW:
            break
        asset = Asset.objects.get(pk=asset_id)
        started_at = now()
        judgement, failure, tries = _try(asset, engine_for(gate, asset_id))
        if judgement is None or failure is not None:
            kind = failure or Failure.UNFORESEEN
            note_recheck(case_id=case_id, pause=RETRIES[kind].pause(tries))
            failures = failures + 1 if kind in OUTAGES else 0
            continue
        failures = 0
        try:
            judged += supersede_unavailable(case_id=case_id, judgement=judgement) is not None
        except PolicyGone as error:
            log.info("judged_under_a_policy_that_is_gone", case_id=str(case_id), error=str(error))
            note_error(
                asset_id=asset_id,
                started_at=started_at,
                error=error,
                occasion=Attempt.Occasion.AGAIN,
            )
            note_recheck(case_id=case_id, pause=_PAUSE_WITHOUT_POLICY)
    return judged


def _try(asset: Asset, gate: Engine) -> tuple[Judgement | None, Failure | None, int]:
    """Return the judgement, why there is none, and the number of this try where it failed."""
    started_at = now()
    again = Attempt.Occasion.AGAIN
    try:
        judgement = judge_asset(asset, gate)
    except Exception as error:
        # One that breaks its judge must not keep those behind it from theirs, at every run.
        log.exception("judging_broke", asset_id=str(asset.pk))
        tries = note_error(asset_id=asset.pk, started_at=started_at, error=error, occasion=again)
        return None, Failure.UNFORESEEN, tries
    if judgement.verdict == Outcome.UNAVAILABLE:
        tries = note_failure(asset_id=asset.pk, judgement=judgement, occasion=again)
        return judgement, judgement.failure, tries
    return judgement, None, 0
