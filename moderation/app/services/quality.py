"""What every ruling leaves for quality, in its transaction: labels of the checks, and the draw."""

from moderation.app.models import Case, Decision
from moderation.app.selectors.calls import verdict_on
from moderation.app.services.call_verdicts import note_calls
from moderation.app.services.sampling import draw_decision
from tidegate.assets.models import Asset


def note_ruling(decision: Decision, case: Case, asset: Asset, *, calls: str) -> None:
    """Keep what a person's ruling says of the checks, and draw whether another looks, too.

    Of many cases decided at once nobody looked at any: that labels nothing, but is drawn from.
    """
    verdict = verdict_on(case)
    if verdict is not None and decision.bulk_id is None:
        note_calls(decision, case, asset, verdict, calls)
    draw_decision(decision, case, verdict)
