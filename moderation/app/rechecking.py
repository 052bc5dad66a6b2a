"""After an outage: what was held for it alone is judged again, without anybody's work."""

from time import monotonic

from moderation.app.engine import engine
from moderation.app.in_force import engine_for
from moderation.app.judging import judge_asset
from moderation.app.models import Outcome
from moderation.app.selectors.evidence import cases_without_detectors
from moderation.app.services.cases import note_recheck
from moderation.app.services.verdicts import supersede_unavailable
from tidegate.assets.models import Asset

AT_ONCE = 200
SECONDS = 25.0
_FAILURES_IN_A_ROW = 2


def judge_again(*, at_most: int = AT_ONCE, seconds: float = SECONDS) -> int:
    """Return how many waiting assets got a real verdict within about `seconds`.

    Two failures in a row mean that the detectors are still away. What failed goes to the end of
    the line, so that one broken file cannot keep the good ones waiting for ever.
    """
    gate = engine()
    until = monotonic() + seconds
    judged = failures = 0
    for case_id, asset_id in cases_without_detectors(at_most):
        if monotonic() > until or failures == _FAILURES_IN_A_ROW:
            break
        judgement = judge_asset(Asset.objects.get(pk=asset_id), engine_for(gate, asset_id))
        if judgement.verdict == Outcome.UNAVAILABLE:
            note_recheck(case_id=case_id)
            failures += 1
            continue
        failures = 0
        if supersede_unavailable(case_id=case_id, judgement=judgement) is not None:
            judged += 1
    return judged
