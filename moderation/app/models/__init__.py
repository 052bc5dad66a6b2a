"""Tables of the gate: rulings and the work of people, what follows, and banks of fingerprints."""

from moderation.app.models.banks import HashBank, HashEntry, HashMatch
from moderation.app.models.consequences import (
    Hold,
    Restriction,
    Spread,
    Strike,
    TakedownNotice,
)
from moderation.app.models.gate import (
    REASON_CHARACTERS,
    VERDICT_NAMES,
    Case,
    Outcome,
    PolicyVersion,
    PromptScreening,
    Verdict,
)
from moderation.app.models.reports import Report

__all__ = [
    "REASON_CHARACTERS",
    "VERDICT_NAMES",
    "Case",
    "HashBank",
    "HashEntry",
    "HashMatch",
    "Hold",
    "Outcome",
    "PolicyVersion",
    "PromptScreening",
    "Report",
    "Restriction",
    "Spread",
    "Strike",
    "TakedownNotice",
    "Verdict",
]
