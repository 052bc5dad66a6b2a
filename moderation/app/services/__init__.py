"""Every write of the gate, one module per noun.

Each service locks in one order: asset, case, audit chain. Keeping to it is what keeps two
services over the same asset from waiting for each other for ever.
"""

from moderation.app.services.cases import claim_case, decide_case, release_claim
from moderation.app.services.hashes import add_hash, remove_hash
from moderation.app.services.policies import activate_policy
from moderation.app.services.reports import record_report
from moderation.app.services.screenings import record_screening
from moderation.app.services.verdicts import record_verdict, supersede_unavailable
from moderation.app.services.viewings import note_view

__all__ = [
    "activate_policy",
    "add_hash",
    "claim_case",
    "decide_case",
    "note_view",
    "record_report",
    "record_screening",
    "record_verdict",
    "release_claim",
    "remove_hash",
    "supersede_unavailable",
]
