"""Tables of the gate: rulings and the work of people, banks of fingerprints, policies."""

from moderation.app.models.banks import HashBank, HashEntry, HashFrame, HashMatch
from moderation.app.models.gate import (
    REASON_CHARACTERS,
    VERDICT_NAMES,
    Case,
    Outcome,
    PromptScreening,
    Report,
    Verdict,
)
from moderation.app.models.policies import (
    POLICY_REASON_CHARACTERS,
    PolicyVersion,
    ShadowDecision,
)
from moderation.app.models.policy_runs import BacktestRun, RetroHold, RetroRun
from moderation.app.models.taxonomy import TaxonomyHazard, TaxonomyMapping

__all__ = [
    "POLICY_REASON_CHARACTERS",
    "REASON_CHARACTERS",
    "VERDICT_NAMES",
    "BacktestRun",
    "Case",
    "HashBank",
    "HashEntry",
    "HashFrame",
    "HashMatch",
    "Outcome",
    "PolicyVersion",
    "PromptScreening",
    "Report",
    "RetroHold",
    "RetroRun",
    "ShadowDecision",
    "TaxonomyHazard",
    "TaxonomyMapping",
    "Verdict",
]
