"""Every read of the gate. Staff only: an author's view of a verdict is the asset's own reasons."""

from moderation.app.selectors.banks import (
    ENTRY_STATES,
    BankSummary,
    bank_for,
    bank_named,
    banks,
    exported,
    hash_entries,
    hash_entry_for,
    matches_of,
)
from moderation.app.selectors.evidence import case_for, cases_without_detectors
from moderation.app.selectors.overdue import Overdue, OverdueAsset, overdue
from moderation.app.selectors.queue import STATES, queue, queue_counts
from moderation.app.selectors.views import (
    CaseEvidence,
    CasePage,
    CaseSummary,
    QueueCounts,
    ReportSummary,
    Score,
    SimilarCase,
    SurfaceEvidence,
    VerdictSummary,
)

__all__ = [
    "ENTRY_STATES",
    "STATES",
    "BankSummary",
    "CaseEvidence",
    "CasePage",
    "CaseSummary",
    "Overdue",
    "OverdueAsset",
    "QueueCounts",
    "ReportSummary",
    "Score",
    "SimilarCase",
    "SurfaceEvidence",
    "VerdictSummary",
    "bank_for",
    "bank_named",
    "banks",
    "case_for",
    "cases_without_detectors",
    "exported",
    "hash_entries",
    "hash_entry_for",
    "matches_of",
    "overdue",
    "queue",
    "queue_counts",
]
