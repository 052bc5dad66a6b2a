"""Who may do what in the console: every address, every method, every role.

Each line is one address. `may` are the roles that pass; everybody else is refused, whoever they
are, and nothing changes. Bodies are good enough to come to where a role is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

REVIEWER, SENIOR, ADMIN = "reviewer", "senior_reviewer", "policy_admin"
AUDITOR, LEGAL = "auditor", "legal_counsel"
STAFF = (REVIEWER, SENIOR, ADMIN, AUDITOR, LEGAL)
DECIDERS = (REVIEWER, SENIOR, ADMIN, LEGAL)
FIRST_DESK = (REVIEWER, SENIOR, ADMIN)
LEADS = (SENIOR, ADMIN)
TRAIL = (AUDITOR, ADMIN)
ADMINS = (ADMIN,)
OUTSIDERS = ("anonymous", "nobody", "author", "organisation_owner")
"""Nobody signed in; a person; who made the output; who owns the organisation it was made in."""


@dataclass(frozen=True, slots=True)
class Line:
    """One address with a method. {case} {asset} {author} … are those of the world."""

    path: str
    may: tuple[str, ...]
    method: str = "get"
    body: Mapping[str, str] = field(default_factory=dict)


REASON = {"reason": "It has to be."}
LINES: Mapping[str, Line] = {
    "console-queue": Line("/console/", STAFF),
    "console-next": Line("/console/cases/next", DECIDERS, "post"),
    "console-upcoming": Line("/console/cases/upcoming", STAFF, "post"),
    "console-case": Line("/console/cases/{case}", STAFF),
    "console-renew": Line("/console/cases/{case}/lease", FIRST_DESK, "post"),
    "console-claim": Line("/console/cases/{case}/claim", FIRST_DESK, "post"),
    "console-give-back": Line("/console/cases/{case}/give-back", DECIDERS, "post"),
    "console-decide": Line(
        "/console/cases/{case}/decision", FIRST_DESK, "post", {**REASON, "action": "block"}
    ),
    "console-undo": Line("/console/decisions/{decision}/undo", (), "post"),
    "console-reverse": Line("/console/decisions/{decision}/reversal", LEADS, "post", REASON),
    "console-note": Line("/console/cases/{case}/notes", STAFF, "post", {"words": "A note."}),
    "console-mentions": Line("/console/mentions", STAFF),
    # Of nobody in the world.
    "console-mention": Line("/console/mentions/{nothing}", (), "post"),
    "console-people": Line("/console/people", LEADS),
    "console-people-appoint": Line(
        "/console/people/appoint", LEADS, "post", {"email": "{email}", "role": "reviewer"}
    ),
    "console-people-dismiss": Line(
        "/console/people/{author}/dismissal", LEADS, "post", {**REASON, "role": "reviewer"}
    ),
    "console-queues": Line("/console/queues", STAFF),
    "console-queue-save": Line(
        "/console/queues/save",
        LEADS,
        "post",
        {"name": "mine", "title": "Mine", "position": "7", "rule": "severity > 90"},
    ),
    "console-queue-remove": Line("/console/queues/{queue}/removal", LEADS, "post"),
    "console-skills": Line("/console/people/{reviewer}/skills", LEADS, "post", {"skills": "zh"}),
    "console-erase": Line(
        "/console/trail/erasure", ADMINS, "post", {**REASON, "person_id": "{author}"}
    ),
    "console-quality": Line("/console/quality", STAFF),
    "console-threshold": Line(
        "/console/quality/thresholds",
        ADMINS,
        "post",
        {**REASON, "surface": "text", "detector": "text_hazards"}
        | {"hazard": "violence", "hold_at": "0.7"},
    ),
    "console-golden": Line(
        "/console/cases/{decided}/golden",
        LEADS,
        "post",
        {"answer": "block", "explanation": "It says so."},
    ),
    "console-retire": Line("/console/quality/golden/{golden}/retirement", LEADS, "post"),
    "console-bulk": Line("/console/bulk", LEADS),
    "console-bulk-preview": Line("/console/bulk/preview", LEADS, "post", {"action": "block"}),
    "console-bulk-start": Line("/console/bulk/start", LEADS, "post", {"action": "block"}),
    "console-bulk-one": Line("/console/bulk/{bulk}", LEADS),
    "console-bulk-reverse": Line("/console/bulk/{bulk}/reversal", LEADS, "post", REASON),
    "console-void": Line("/console/cases/{case}/strikes/{strike}/void", LEADS, "post", REASON),
    "console-restrict": Line(
        "/console/cases/{case}/authors/{author}/restriction",
        LEADS,
        "post",
        {**REASON, "kind": "no_public"},
    ),
    "console-lift": Line(
        "/console/cases/{case}/restrictions/{restriction}/lift", LEADS, "post", REASON
    ),
    "console-notice": Line(
        "/console/cases/{case}/assets/{asset}/notice",
        DECIDERS,
        "post",
        {**REASON, "claimant": "Somebody", "basis": "copyright"},
    ),
    "console-reveal": Line("/console/cases/{case}/reveal", DECIDERS, "post", REASON),
    "console-translate": Line("/console/cases/{case}/translation", STAFF, "post"),
    "console-look": Line("/console/cases/{case}/look", STAFF, "post", {"quiet": "yes"}),
    "console-care": Line("/console/care", STAFF),
    "console-care-rules": Line(
        "/console/care/rules",
        ADMINS,
        "post",
        {**REASON, "blur": "strong", "floor_blur": "none", "work_minutes": "60"}
        | {"exposures": "5", "break_minutes": "10"},
    ),
    "console-break": Line("/console/break", STAFF),
    "console-hashes": Line("/console/hashes", STAFF),
    "console-hash": Line("/console/hashes/{entry}", STAFF),
    "console-hash-add": Line(
        "/console/hashes/add",
        LEADS,
        "post",
        {**REASON, "bank": "{bank}", "kind": "sha256", "value": "cd" * 32, "hazard": "hate"},
    ),
    "console-bank-add": Line(
        "/console/hashes/banks",
        ADMINS,
        "post",
        {**REASON, "name": "another", "effect": "hold", "enabled_share": "1"},
    ),
    "console-bank-change": Line(
        "/console/hashes/banks/{bank}",
        ADMINS,
        "post",
        {**REASON, "percent": "50", "fuse_matches": "9", "fuse_seconds": "60"},
    ),
    "console-hash-pause": Line("/console/hashes/{entry}/pause", LEADS, "post", REASON),
    "console-hash-resume": Line("/console/hashes/{entry}/resume", LEADS, "post", REASON),
    "console-hash-expire": Line(
        "/console/hashes/{entry}/expiry", LEADS, "post", {**REASON, "expires_at": "2099-01-01"}
    ),
    "console-hash-remove": Line("/console/hashes/{entry}/removal", LEADS, "post", REASON),
    "console-policies": Line("/console/policies", STAFF),
    "console-policy": Line("/console/policies/{policy}", STAFF),
    "console-policy-propose": Line(
        "/console/policies/new", ADMINS, "post", {**REASON, "source": "name: mine"}
    ),
    "console-policy-move": Line(
        "/console/policies/{policy}/state", ADMINS, "post", {**REASON, "to": "shadow"}
    ),
    "console-policy-roll-back": Line(
        "/console/policies/{policy}/roll-back", ADMINS, "post", REASON
    ),
    "console-policy-backtest": Line(
        "/console/policies/{policy}/backtests", ADMINS, "post", {"since": "2026-01-01"}
    ),
    "console-policy-preview": Line("/console/policies/{policy}/preview", ADMINS, "post", REASON),
    # There is no run in the world: nobody finds it.
    "console-retro-run-move": Line("/console/policies/retro-runs/{nothing}", (), "post", REASON),
    "console-models": Line("/console/models", TRAIL),
    "console-model": Line("/console/models/{model}", TRAIL),
    "console-model-enable": Line("/console/models/{model}/enable", ADMINS, "post", REASON),
    "console-model-disable": Line("/console/models/{model}/disable", ADMINS, "post", REASON),
    "console-model-aliases": Line(
        "/console/models/{model}/aliases", ADMINS, "post", {**REASON, "alias": "one"}
    ),
    "console-model-deprecate": Line(
        "/console/models/{model}/deprecation", ADMINS, "post", {**REASON, "until": "2099-01-01"}
    ),
    "console-model-load": Line("/console/models/{model}/load", ADMINS, "post", REASON),
    "console-model-unload": Line("/console/models/{model}/unload", ADMINS, "post", REASON),
    "console-work": Line("/console/work", STAFF),
    "console-transparency": Line("/console/transparency", STAFF),
    "console-trail": Line("/console/trail", TRAIL),
    "console-timeline-find": Line("/console/trail/timeline", TRAIL),
    "console-timeline": Line("/console/trail/timeline/{correlation}", TRAIL),
    "console-trail-export": Line("/console/trail/export?chain=platform", TRAIL),
    "console-trail-script": Line("/console/trail/verify_export.py", TRAIL),
    "console-verify": Line("/console/trail/verification", TRAIL, "post"),
}
