"""Every write of the gate, one module per noun.

Each service locks in one order: asset, hash entries (by id), case, audit chain. Keeping to it is
what keeps two services over the same asset from waiting for each other for ever.
"""

from moderation.app.services.banks import change_bank, create_bank
from moderation.app.services.cases import claim_case, decide_case, release_claim
from moderation.app.services.exchanges import import_hashes
from moderation.app.services.hashes import (
    add_hash,
    pause_hash,
    remove_hash,
    resume_hash,
    set_hash_expiry,
)
from moderation.app.services.policies import activate_policy
from moderation.app.services.reports import record_report
from moderation.app.services.screenings import record_screening
from moderation.app.services.verdicts import record_verdict, supersede_unavailable
from moderation.app.services.viewings import note_view, reveal_case

__all__ = [
    "activate_policy",
    "add_hash",
    "change_bank",
    "claim_case",
    "create_bank",
    "decide_case",
    "import_hashes",
    "note_view",
    "pause_hash",
    "record_report",
    "record_screening",
    "record_verdict",
    "release_claim",
    "remove_hash",
    "resume_hash",
    "reveal_case",
    "set_hash_expiry",
    "supersede_unavailable",
]
