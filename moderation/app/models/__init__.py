"""Tables of the gate: rulings, the work of people and what follows, hash banks, policies."""

from moderation.app.models.appeals import Appeal
from moderation.app.models.attempts import Attempt
from moderation.app.models.banks import HashBank, HashEntry, HashFrame, HashMatch
from moderation.app.models.care import CareRules, ReviewerCare
from moderation.app.models.consequences import (
    Hold,
    Restriction,
    Spread,
    Strike,
    TakedownNotice,
)
from moderation.app.models.decisions import ACTION_NAMES, REFERRALS, BulkDecision, Decision
from moderation.app.models.gate import (
    REASON_CHARACTERS,
    VERDICT_NAMES,
    Case,
    Outcome,
    PromptScreening,
    Verdict,
)
from moderation.app.models.notes import CaseNote, Mention
from moderation.app.models.organisations import OrganisationRules
from moderation.app.models.policies import (
    POLICY_REASON_CHARACTERS,
    PolicyVersion,
    ShadowDecision,
)
from moderation.app.models.policy_runs import BacktestRun, RetroHold, RetroRun
from moderation.app.models.quality import CallVerdict, GoldenItem, SecondLook
from moderation.app.models.queues import ReviewerSkill, ReviewQueue
from moderation.app.models.reports import Report
from moderation.app.models.statements import Letter, Statement
from moderation.app.models.taxonomy import TaxonomyHazard, TaxonomyMapping

__all__ = [
    "ACTION_NAMES",
    "POLICY_REASON_CHARACTERS",
    "REASON_CHARACTERS",
    "REFERRALS",
    "VERDICT_NAMES",
    "Appeal",
    "Attempt",
    "BacktestRun",
    "BulkDecision",
    "CallVerdict",
    "CareRules",
    "Case",
    "CaseNote",
    "Decision",
    "GoldenItem",
    "HashBank",
    "HashEntry",
    "HashFrame",
    "HashMatch",
    "Hold",
    "Letter",
    "Mention",
    "OrganisationRules",
    "Outcome",
    "PolicyVersion",
    "PromptScreening",
    "Report",
    "Restriction",
    "RetroHold",
    "RetroRun",
    "ReviewQueue",
    "ReviewerCare",
    "ReviewerSkill",
    "SecondLook",
    "ShadowDecision",
    "Spread",
    "Statement",
    "Strike",
    "TakedownNotice",
    "TaxonomyHazard",
    "TaxonomyMapping",
    "Verdict",
]
