"""What a decision says about the calls of the checks: the labels that thresholds are chosen by."""

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from moderation.app.configuration import quality_rules
from moderation.app.models import CallVerdict, Case, Decision, Outcome, Verdict
from moderation.app.selectors.calls import Call, calls_in
from moderation.core.calibration import call_of
from moderation.core.care import with_refinements
from tidegate.assets.models import Asset
from tidegate.primitives.errors import InvalidInput

_PROMPT: Final = "prompt"
AS_DECIDED: Final = ""
RIGHT: Final = "right"
WRONG: Final = "wrong"
UNSURE: Final = "unsure"
WORDS: Final = (AS_DECIDED, RIGHT, WRONG, UNSURE)
"""What a reviewer may say of the checks; nothing: what the decision itself says of them."""


def known_word(calls: str) -> str:
    """Return what was said of the checks, or raise InvalidInput."""
    if calls not in WORDS:
        raise InvalidInput(
            f"The checks were {RIGHT}, {WRONG}, or one is {UNSURE}.",
            code="unknown_calls",
            pointer="/calls",
        )
    return calls


def note_calls(decision: Decision, case: Case, asset: Asset, verdict: Verdict, word: str) -> None:
    """Keep what a ruling says about every call of the checks, in the caller's transaction.

    A release says that nothing of it was there; a block, that what it rests on was. Of other
    hazards a block says nothing: nobody looks for a second reason. What the reviewer says of the
    checks in so many words counts before that, for what they called.
    """
    weight, content = _weight(case, verdict), _picture_of(asset)
    rows = []
    for call in _spoken_of(calls_in(verdict), case, word):
        truth = _truth(call, case, word)
        rows.append(
            CallVerdict(
                decision=decision,
                verdict=verdict,
                reviewer_id=decision.made_by_id,
                surface=call.surface,
                detector=call.detector,
                version=call.version,
                hazard=call.hazard,
                score=call.score,
                hold_at=call.hold_at,
                outcome=call_of(is_called=call.is_called, truth=truth),
                weight=weight,
                content_sha256=_digest(call.text) if call.text else content,
            )
        )
    # Whoever says the same again changes nothing.
    CallVerdict.objects.bulk_create(rows, ignore_conflicts=True)


def _spoken_of(calls: Sequence[Call], case: Case, word: str) -> list[Call]:
    """Return the calls that a ruling says something about.

    A block does not say where in an output it is: of what some surface called, those surfaces; of
    what none did, every surface of the output missed it. A prompt is no output.
    """
    if case.outcome == Case.Ruling.RELEASE:
        return list(calls)
    blamed = set(with_refinements(case.grounds))
    called = {call.hazard for call in calls if call.is_called}
    missed = blamed - called
    return [
        call
        for call in calls
        if (call.is_called and (word or call.hazard in blamed))
        or (call.hazard in missed and call.surface != _PROMPT)
    ]


def _truth(call: Call, case: Case, word: str) -> bool | None:
    if call.is_called and word:
        return None if word == UNSURE else word == RIGHT
    return case.outcome == Case.Ruling.BLOCK


def _weight(case: Case, verdict: Verdict) -> float:
    """Return how many like it this one stands for: of what was drawn, one over its chance."""
    if case.because != Case.Because.SAMPLE:
        return 1.0
    rules = quality_rules().automation
    share = rules.blocks if verdict.verdict == Outcome.BLOCK else rules.releases
    return 1.0 / share if share else 1.0


def _picture_of(asset: Asset) -> str:
    """Return the digest of what was made, where no text stands for it."""
    found: UUID | str | None = (
        asset.renditions.filter(kind="original").values_list("blob_id", flat=True).first()
    )
    return str(found or _digest(asset.text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
