"""Every read of the gate. Staff only: an author's view of a verdict is the asset's own reasons."""

from moderation.app.selectors.evidence import case_for, cases_without_detectors, hash_entries
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
    "STATES",
    "CaseEvidence",
    "CasePage",
    "CaseSummary",
    "QueueCounts",
    "ReportSummary",
    "Score",
    "SimilarCase",
    "SurfaceEvidence",
    "VerdictSummary",
    "case_for",
    "cases_without_detectors",
    "hash_entries",
    "queue",
    "queue_counts",
]
