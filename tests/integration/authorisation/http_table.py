"""Who may do what over HTTP: every address of staff, every method, every role.

As `table`: `may` are the roles that pass. Bodies are good enough to come to where a role is asked
for; `confined` says that a key of another organisation finds nothing there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.authorisation.table import (
    ADMINS,
    AUDITOR,
    DECIDERS,
    FIRST_DESK,
    LEADS,
    STAFF,
    TRAIL,
)

QUALITY = (*LEADS, AUDITOR)
NOBODY: tuple[str, ...] = ()
ANYBODY_IN = STAFF


@dataclass(frozen=True, slots=True)
class Call:
    """One address with a method."""

    may: tuple[str, ...]
    path: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    is_confined: bool = False


REASON = {"reason": "It has to be."}
QUEUE = {"name": "mine", "title": "Mine", "position": 7, "rule": "severity > 90"}
THRESHOLD = {"surface": "text", "detector": "text_hazards", "hazard": "violence", "hold_at": 0.7}
BULK = {"case_ids": ["{case}"], "action": "block"}
TIME = {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}

MANNER = {"blur": "strong", "is_grey": True, "is_muted": True, "has_stills": True}
RULES = {"defaults": MANNER, "floor": {**MANNER, "blur": "none"}, "last": []} | {
    "work_minutes": 60,
    "exposures": 30,
    "break_minutes": 10,
}

CALLS: Mapping[str, Call] = {
    "GET me/care": Call(STAFF),
    "PUT me/care": Call(STAFF, body={"last": ["violence"]}),
    "GET me/exposure": Call(STAFF),
    "GET care-rules": Call(STAFF),
    "PUT care-rules": Call(ADMINS, body={**REASON, **RULES}),
    "GET reviewers/exposure": Call(LEADS),
    "GET transparency": Call(STAFF),
    "GET statements/export": Call(STAFF),
    "GET registry/models": Call(TRAIL),
    "POST registry/models": Call(ADMINS, body={"entry": {"name": "x"}}),
    "GET registry/models/<str:name>": Call(TRAIL, "registry/models/{model}"),
    "POST registry/models/<str:name>/enable": Call(
        ADMINS, "registry/models/{model}/enable", REASON
    ),
    "POST registry/models/<str:name>/disable": Call(
        ADMINS, "registry/models/{model}/disable", REASON
    ),
    "PUT registry/models/<str:name>/aliases": Call(
        ADMINS, "registry/models/{model}/aliases", {**REASON, "stable": "1"}
    ),
    "PUT registry/models/<str:name>/deprecation": Call(
        ADMINS, "registry/models/{model}/deprecation", {**REASON, "retires_at": None}
    ),
    "POST registry/models/<str:name>/load": Call(ADMINS, "registry/models/{model}/load", REASON),
    "POST registry/models/<str:name>/unload": Call(
        ADMINS, "registry/models/{model}/unload", REASON
    ),
    "GET servers": Call(TRAIL),
    "GET overdue": Call(STAFF),
    "GET queues": Call(STAFF),
    "POST queues": Call(LEADS, body=QUEUE),
    "POST queues/preview": Call(LEADS, body={"rule": "is_late"}),
    "GET queues/<uuid:queue_id>": Call(STAFF, "queues/{queue}"),
    "PUT queues/<uuid:queue_id>": Call(LEADS, "queues/{queue}", QUEUE),
    "DELETE queues/<uuid:queue_id>": Call(LEADS, "queues/{queue}"),
    "PUT reviewers/<uuid:user_id>/skills": Call(
        LEADS, "reviewers/{reviewer}/skills", {"skills": ["zh"]}
    ),
    "GET quality": Call(QUALITY),
    "POST quality/thresholds": Call(ADMINS, body={**REASON, **THRESHOLD}),
    "GET golden-items": Call(QUALITY, is_confined=True),
    "POST golden-items": Call(
        LEADS,
        body={"case_id": "{decided}", "answer": "block", "explanation": "So it is."},
        is_confined=True,
    ),
    "POST golden-items/<uuid:golden_id>/retirement": Call(
        LEADS, "golden-items/{golden}/retirement", is_confined=True
    ),
    "GET decision-actions": Call(STAFF),
    "GET cases/<uuid:case_id>/decisions": Call(STAFF, "cases/{case}/decisions", is_confined=True),
    "GET cases/<uuid:case_id>/notes": Call(STAFF, "cases/{case}/notes", is_confined=True),
    "POST cases/<uuid:case_id>/notes": Call(
        STAFF, "cases/{case}/notes", {"words": "A note."}, is_confined=True
    ),
    "POST decisions/<uuid:decision_id>/undo": Call(
        NOBODY, "decisions/{decision}/undo", is_confined=True
    ),
    "POST decisions/<uuid:decision_id>/reversal": Call(
        LEADS, "decisions/{decision}/reversal", REASON, is_confined=True
    ),
    "GET bulk-decisions": Call(LEADS, is_confined=True),
    "POST bulk-decisions": Call(
        LEADS, body={**REASON, **BULK, "digest": "0" * 64}, is_confined=True
    ),
    "POST bulk-decisions/preview": Call(LEADS, body=BULK, is_confined=True),
    "GET bulk-decisions/<uuid:bulk_id>": Call(LEADS, "bulk-decisions/{bulk}", is_confined=True),
    "POST bulk-decisions/<uuid:bulk_id>/reversal": Call(
        LEADS, "bulk-decisions/{bulk}/reversal", REASON, is_confined=True
    ),
    "GET cases": Call(STAFF, is_confined=True),
    "POST cases/next": Call(DECIDERS, is_confined=True),
    "GET cases/<uuid:case_id>": Call(STAFF, "cases/{case}", is_confined=True),
    "POST cases/<uuid:case_id>/claim": Call(FIRST_DESK, "cases/{case}/claim", is_confined=True),
    "DELETE cases/<uuid:case_id>/claim": Call(DECIDERS, "cases/{case}/claim", is_confined=True),
    "POST cases/<uuid:case_id>/decision": Call(
        FIRST_DESK, "cases/{case}/decision", {**REASON, "action": "block"}, is_confined=True
    ),
    "POST cases/<uuid:case_id>/reveal": Call(
        DECIDERS, "cases/{case}/reveal", REASON, is_confined=True
    ),
    # There is no translator in the world: 501 to whoever may ask.
    "POST cases/<uuid:case_id>/translation": Call(
        STAFF, "cases/{case}/translation", {"language": "en"}
    ),
    "GET policies": Call(STAFF),
    "POST policies": Call(ADMINS, body={**REASON, "text": "name: mine"}),
    "GET policies/<uuid:version_id>": Call(STAFF, "policies/{policy}"),
    "POST policies/<uuid:version_id>/state": Call(
        ADMINS, "policies/{policy}/state", {**REASON, "to": "shadow"}
    ),
    "POST policies/<uuid:version_id>/roll-back": Call(
        ADMINS, "policies/{policy}/roll-back", REASON
    ),
    "GET policies/<uuid:version_id>/disagreements": Call(STAFF, "policies/{policy}/disagreements"),
    "GET policies/<uuid:version_id>/backtests": Call(STAFF, "policies/{policy}/backtests"),
    "POST policies/<uuid:version_id>/backtests": Call(ADMINS, "policies/{policy}/backtests", TIME),
    "GET policies/<uuid:version_id>/retro-runs": Call(STAFF, "policies/{policy}/retro-runs"),
    "POST policies/<uuid:version_id>/retro-runs": Call(
        ADMINS, "policies/{policy}/retro-runs", REASON
    ),
    # Of nobody in the world.
    "GET policy-backtests/<uuid:run_id>": Call(NOBODY, "policy-backtests/{nothing}"),
    "POST policy-backtests/<uuid:run_id>/cancel": Call(NOBODY, "policy-backtests/{nothing}/cancel"),
    "GET retro-runs/<uuid:run_id>": Call(NOBODY, "retro-runs/{nothing}"),
    "POST retro-runs/<uuid:run_id>/state": Call(
        NOBODY, "retro-runs/{nothing}/state", {**REASON, "to": "running"}
    ),
    "GET strikes": Call(STAFF, is_confined=True),
    "POST strikes/<uuid:strike_id>/void": Call(
        LEADS, "strikes/{strike}/void", REASON, is_confined=True
    ),
    "GET restrictions": Call(STAFF, is_confined=True),
    "POST restrictions": Call(
        LEADS, body={**REASON, "author_id": "{author}", "kind": "no_public"}, is_confined=True
    ),
    "POST restrictions/<uuid:restriction_id>/lift": Call(
        LEADS, "restrictions/{restriction}/lift", REASON, is_confined=True
    ),
    "GET takedown-notices": Call(STAFF, is_confined=True),
    "POST takedown-notices": Call(
        DECIDERS,
        body={**REASON, "asset_id": "{asset}", "claimant": "Somebody", "basis": "copyright"},
        is_confined=True,
    ),
    "GET hash-banks": Call(STAFF),
    "POST hash-banks": Call(
        ADMINS, body={**REASON, "name": "another", "effect": "hold", "enabled_share": 1.0}
    ),
    "PUT hash-banks/<uuid:bank_id>": Call(
        ADMINS, "hash-banks/{bank}", {**REASON, "enabled_share": 0.5}
    ),
    "POST hash-banks/<uuid:bank_id>/import": Call(
        LEADS, "hash-banks/{bank}/import", {**REASON, "form": "csv", "list": "value,type\n"}
    ),
    "GET hash-banks/<uuid:bank_id>/export": Call(STAFF, "hash-banks/{bank}/export"),
    "GET hashes": Call(STAFF),
    "POST hashes": Call(
        LEADS,
        body={**REASON, "bank_id": "{bank}", "kind": "sha256", "value": "cd" * 32}
        | {"hazard": "hate"},
    ),
    "GET hashes/<uuid:entry_id>": Call(STAFF, "hashes/{entry}"),
    "POST hashes/<uuid:entry_id>/pause": Call(LEADS, "hashes/{entry}/pause", REASON),
    "POST hashes/<uuid:entry_id>/resume": Call(LEADS, "hashes/{entry}/resume", REASON),
    "PUT hashes/<uuid:entry_id>/expiry": Call(
        LEADS, "hashes/{entry}/expiry", {**REASON, "expires_at": "2099-01-01T00:00:00Z"}
    ),
    "POST hashes/<uuid:entry_id>/removal": Call(LEADS, "hashes/{entry}/removal", REASON),
    "GET audit": Call(TRAIL, is_confined=True),
    "POST audit/erasures": Call(ADMINS, body={**REASON, "person_id": "{author}"}),
    "GET audit/tree-head": Call(TRAIL, "audit/tree-head?chain=organisation:{organisation}"),
    "GET audit/proof/<int:seq>": Call(TRAIL, "audit/proof/1?chain=organisation:{organisation}"),
    "GET audit/consistency": Call(
        TRAIL, "audit/consistency?chain=organisation:{organisation}&first=1"
    ),
    "GET audit/export": Call(TRAIL, is_confined=True),
}
