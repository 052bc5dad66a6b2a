"""Tables of the gate: rulings and the work of people, and the banks of fingerprints."""

from moderation.app.models.attempts import Attempt
from moderation.app.models.banks import HashBank, HashEntry, HashMatch
from moderation.app.models.gate import (
    REASON_CHARACTERS,
    VERDICT_NAMES,
    Case,
    Outcome,
    PolicyVersion,
    PromptScreening,
    Report,
    Verdict,
)

__all__ = [
    "REASON_CHARACTERS",
    "VERDICT_NAMES",
    "Attempt",
    "Case",
    "HashBank",
    "HashEntry",
    "HashMatch",
    "Outcome",
    "PolicyVersion",
    "PromptScreening",
    "Report",
    "Verdict",
]
