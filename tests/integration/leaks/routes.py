"""Every address that answers, and how each of them is looked at.

`WALKED` are those that can show content. `EXEMPT` says of each other one why it cannot. A test
compares both with the address map, so a new route has to be put into one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True, slots=True)
class Look:
    """One request about one thing, or about none in particular.

    `scope` is what a key needs, one or several words; None where no key is taken. `shows` is a
    kind of mark that must be found by whoever may; empty where the status tells.
    """

    route: str
    path: str
    shows: str = ""
    scope: str | None = None
    method: str = "get"
    headers: tuple[tuple[str, str], ...] = ()
    ok: int = 200
    needs_person: bool = True
    is_page: bool = False


# {asset} {rendition} {job} {batch} {composition} {case} {upload} {etag} {upload_etag}: the thing's.
DETAILS: tuple[Look, ...] = (
    Look(
        "api/v1/assets/<uuid:asset_id>",
        "/api/v1/assets/{asset}",
        shows="text",
        scope="assets:read",
        needs_person=False,
    ),
    Look(
        "api/v1/assets/<uuid:asset_id>/history",
        "/api/v1/assets/{asset}/history",
        scope="assets:read",
    ),
    Look(
        "api/v1/assets/<uuid:asset_id>/similar", "/api/v1/assets/{asset}/similar", scope="feed:read"
    ),
    Look(
        "media/<uuid:rendition_id>",
        "/media/{rendition}",
        shows="bytes",
        scope="assets:read",
        needs_person=False,
    ),
    Look(
        "media/<uuid:rendition_id>",
        "/media/{rendition}",
        scope="assets:read",
        method="head",
        needs_person=False,
    ),
    Look(
        "media/<uuid:rendition_id>",
        "/media/{rendition}",
        scope="assets:read",
        headers=(("Range", "bytes=0-3"),),
        ok=206,
        needs_person=False,
    ),
    Look(
        "media/<uuid:rendition_id>",
        "/media/{rendition}",
        scope="assets:read",
        headers=(("If-None-Match", '"{etag}"'),),
        ok=304,
        needs_person=False,
    ),
    Look(
        "media/<uuid:rendition_id>/peaks",
        "/media/{rendition}/peaks",
        scope="assets:read",
        needs_person=False,
    ),
    Look("api/v1/jobs/<uuid:job_id>", "/api/v1/jobs/{job}", shows="jobtext", scope="jobs:read"),
    Look("api/v1/jobs/<uuid:job_id>/events", "/api/v1/jobs/{job}/events", scope="jobs:read"),
    Look(
        "api/v1/job-batches/<uuid:batch_id>",
        "/api/v1/job-batches/{batch}",
        shows="jobtext",
        scope="jobs:read",
    ),
    Look(
        "api/v1/compositions/<uuid:composition_id>",
        "/api/v1/compositions/{composition}",
        shows="jobprompt",
        scope="jobs:read",
    ),
    Look(
        "api/v1/compositions/<uuid:composition_id>/events",
        "/api/v1/compositions/{composition}/events",
        scope="jobs:read",
    ),
    Look("api/v1/cases/<uuid:case_id>", "/api/v1/cases/{case}", shows="hazard", scope="cases:read"),
    Look(
        "api/v1/uploads/<uuid:upload_id>",
        "/api/v1/uploads/{upload}",
        shows="uploadwhy",
        scope="jobs:read",
    ),
    Look(
        "api/v1/presets/<uuid:preset_id>",
        "/api/v1/presets/{preset}",
        shows="preset",
        scope="presets:read",
    ),
    Look(
        "api/v1/presets/<uuid:preset_id>/versions",
        "/api/v1/presets/{preset}/versions",
        shows="preset",
        scope="presets:read",
    ),
    Look(
        "media/uploads/<uuid:upload_id>",
        "/media/uploads/{upload}",
        shows="upload",
        scope="jobs:read",
    ),
    Look(
        "media/uploads/<uuid:upload_id>",
        "/media/uploads/{upload}",
        scope="jobs:read",
        headers=(("Range", "bytes=0-3"),),
        ok=206,
    ),
    Look(
        "media/uploads/<uuid:upload_id>",
        "/media/uploads/{upload}",
        scope="jobs:read",
        headers=(("If-None-Match", '"{upload_etag}"'),),
        ok=304,
    ),
    Look(
        "assets/<uuid:asset_id>",
        "/assets/{asset}",
        shows="prompt",
        needs_person=False,
        is_page=True,
    ),
    Look(
        "compositions/<uuid:composition_id>",
        "/compositions/{composition}",
        "jobprompt",
        is_page=True,
    ),
    Look(
        "compositions/<uuid:composition_id>/card", "/compositions/{composition}/card", is_page=True
    ),
    Look("studio/jobs/<uuid:job_id>/card", "/studio/jobs/{job}/card", "jobprompt", is_page=True),
    Look(
        "studio/presets/<uuid:preset_id>",
        "/studio/presets/{preset}",
        shows="preset",
        is_page=True,
    ),
    Look("console/cases/<uuid:case_id>", "/console/cases/{case}", "hazard", is_page=True),
)

# Asked of everybody who may not see the thing: the answer must not even say that it exists.
WRITES: tuple[Look, ...] = (
    Look(
        "api/v1/interactions",
        "/api/v1/interactions",
        scope="interactions:write",
        method="post",
    ),
    Look(
        "api/v1/assets/<uuid:asset_id>/withdraw",
        "/api/v1/assets/{asset}/withdraw",
        scope="assets:write assets:read",
        method="post",
    ),
    Look(
        "api/v1/assets/<uuid:asset_id>/restore",
        "/api/v1/assets/{asset}/restore",
        scope="assets:write assets:read",
        method="post",
    ),
    Look(
        "api/v1/jobs/<uuid:job_id>/cancel",
        "/api/v1/jobs/{job}/cancel",
        scope="jobs:write jobs:read",
        method="post",
    ),
    Look(
        "api/v1/job-batches/<uuid:batch_id>/cancel",
        "/api/v1/job-batches/{batch}/cancel",
        scope="jobs:write jobs:read",
        method="post",
    ),
    Look(
        "api/v1/compositions/<uuid:composition_id>/cancel",
        "/api/v1/compositions/{composition}/cancel",
        scope="jobs:write jobs:read",
        method="post",
    ),
    Look(
        "api/v1/uploads/<uuid:upload_id>",
        "/api/v1/uploads/{upload}",
        scope="jobs:write jobs:read",
        method="delete",
    ),
    *(
        Look(
            f"api/v1/presets/<uuid:preset_id>/{what}",
            f"/api/v1/presets/{{preset}}/{what}",
            scope="presets:write presets:read",
            method="post",
        )
        for what in ("versions", "archive", "restore", "publish", "withdraw")
    ),
    *(
        Look(
            f"api/v1/presets/<uuid:preset_id>/{what}",
            f"/api/v1/presets/{{preset}}/{what}",
            method="post",
        )
        for what in ("take-down", "reinstate")
    ),
    Look(
        "api/v1/cases/<uuid:case_id>/claim",
        "/api/v1/cases/{case}/claim",
        scope="cases:decide cases:read",
        method="post",
    ),
    Look(
        "api/v1/cases/<uuid:case_id>/decision",
        "/api/v1/cases/{case}/decision",
        scope="cases:decide cases:read",
        method="post",
    ),
    Look(
        "api/v1/cases/<uuid:case_id>/reveal",
        "/api/v1/cases/{case}/reveal",
        scope="cases:decide cases:read",
        method="post",
    ),
    Look(
        "console/cases/<uuid:case_id>/reveal",
        "/console/cases/{case}/reveal",
        method="post",
        is_page=True,
    ),
    Look(
        "console/cases/<uuid:case_id>/look",
        "/console/cases/{case}/look",
        method="post",
        is_page=True,
    ),
    Look(
        "assets/<uuid:asset_id>/interactions",
        "/assets/{asset}/interactions",
        method="post",
        is_page=True,
    ),
    Look("assets/<uuid:asset_id>/appeal", "/assets/{asset}/appeal", method="post", is_page=True),
    Look(
        "assets/<uuid:asset_id>/withdraw", "/assets/{asset}/withdraw", method="post", is_page=True
    ),
    Look(
        "assets/<uuid:asset_id>/restore",
        "/assets/{asset}/restore",
        method="post",
        is_page=True,
    ),
    Look(
        "compositions/<uuid:composition_id>/cancel",
        "/compositions/{composition}/cancel",
        method="post",
        is_page=True,
    ),
    Look(
        "studio/jobs/<uuid:job_id>/cancel", "/studio/jobs/{job}/cancel", method="post", is_page=True
    ),
    *(
        Look(
            f"studio/presets/<uuid:preset_id>/{what}",
            f"/studio/presets/{{preset}}/{what}",
            method="post",
            is_page=True,
        )
        for what in ("versions", "publish", "withdraw")
    ),
    Look(
        "console/cases/<uuid:case_id>/claim",
        "/console/cases/{case}/claim",
        method="post",
        is_page=True,
    ),
    Look(
        "console/cases/<uuid:case_id>/lease",
        "/console/cases/{case}/lease",
        method="post",
        is_page=True,
    ),
    Look(
        "console/cases/<uuid:case_id>/give-back",
        "/console/cases/{case}/give-back",
        method="post",
        is_page=True,
    ),
    Look(
        "console/cases/<uuid:case_id>/decision",
        "/console/cases/{case}/decision",
        method="post",
        is_page=True,
    ),
)

# The states and audiences that writes are tried on.
GRABBED = frozenset({("private", "released"), ("private", "held"), ("public", "blocked")})

# One answer about many things: whatever may not be seen must not be in it.
COLLECTIONS: tuple[tuple[str, str], ...] = (
    ("api/v1/assets", "/api/v1/assets?limit=100"),
    ("api/v1/assets", "/api/v1/assets?limit=100&visibility=held"),
    ("api/v1/assets", "/api/v1/assets?limit=100&project_id={private}"),
    ("api/v1/assets", "/api/v1/assets?limit=100&owner=me"),
    ("api/v1/feed", "/api/v1/feed?limit=100"),
    ("api/v1/feed", "/api/v1/feed?limit=100&personal=false"),
    ("api/v1/search", "/api/v1/search?limit=50&q=mark"),
    ("api/v1/creators/suggested", "/api/v1/creators/suggested?limit=20"),
    ("api/v1/jobs", "/api/v1/jobs?limit=100"),
    ("api/v1/jobs", "/api/v1/jobs?limit=100&project_id={private}"),
    ("api/v1/uploads", "/api/v1/uploads?limit=100"),
    ("api/v1/compositions", "/api/v1/compositions?limit=100"),
    ("api/v1/presets", "/api/v1/presets?limit=100"),
    ("api/v1/presets", "/api/v1/presets?limit=100&scope=public"),
    ("api/v1/presets", "/api/v1/presets?limit=100&scope=organisation"),
    ("api/v1/presets", "/api/v1/presets?limit=100&archived=true"),
    ("api/v1/cases", "/api/v1/cases?limit=100"),
    ("api/v1/cases", "/api/v1/cases?limit=100&state=decided"),
    ("api/v1/appeals", "/api/v1/appeals?limit=100"),
    ("api/v1/audit", "/api/v1/audit?limit=100"),
    ("api/v1/audit/export", "/api/v1/audit/export"),
    ("api/v1/me", "/api/v1/me"),
    ("api/v1/me/standing", "/api/v1/me/standing"),
    ("standing", "/standing"),
    ("messages", "/messages"),
    ("console/work", "/console/work"),
    ("console/transparency", "/console/transparency"),
    ("transparency", "/transparency"),
    ("api/v1/transparency", "/api/v1/transparency"),
    ("api/v1/statements", "/api/v1/statements?limit=100"),
    ("api/v1/statements/export", "/api/v1/statements/export?limit=100"),
    ("api/v1/organisations", "/api/v1/organisations"),
    ("api/v1/organisations/<uuid:organisation_id>/members", "/api/v1/organisations/{home}/members"),
    ("api/v1/organisations/<uuid:organisation_id>/keys", "/api/v1/organisations/{home}/keys"),
    (
        "api/v1/organisations/<uuid:organisation_id>/credits",
        "/api/v1/organisations/{home}/credits",
    ),
    ("api/v1/projects", "/api/v1/projects"),
    ("api/v1/projects/<uuid:project_id>", "/api/v1/projects/{private}"),
    (
        "api/v1/projects/<uuid:project_id>/collaborators",
        "/api/v1/projects/{private}/collaborators",
    ),
    ("", "/"),
    ("feed", "/feed"),
    ("feed/news", "/feed/news"),
    ("feed/people", "/feed/people"),
    ("saved", "/saved"),
    ("search", "/search?q=mark"),
    ("compositions", "/compositions"),
    ("compositions", "/compositions?from={composition}"),
    ("library", "/library"),
    ("library", "/library?state=blocked"),
    ("studio", "/studio"),
    ("studio", "/studio?from={held}"),
    ("studio", "/studio?from={unlisted}"),
    ("studio", "/studio?remix={unlisted}"),
    ("studio", "/studio?again={job}"),
    ("studio/presets", "/studio/presets"),
    ("history", "/history"),
    ("history", "/history?state=succeeded"),
    ("compare", "/compare?asset={held}&asset={unlisted}&asset={public}"),
    ("studio/pictures", "/studio/pictures?field=tidegate-variation.image"),
    ("studio/picture", "/studio/picture?field=tidegate-variation.image&picture={held}"),
    ("organisation", "/organisation"),
    ("organisation/<uuid:organisation_id>", "/organisation/{home}"),
    ("console/", "/console/"),
    ("console/", "/console/?state=decided"),
    ("console/trail", "/console/trail"),
    ("console/trail/verification", "/console/trail/verification"),
)

EXEMPT: dict[str, str] = {
    "healthz": "says only that the process answers",
    "readyz": "says only that the database answers",
    "api/v1/openapi.json": "made from code, not from rows",
    "api/v1/cases/next": "what /cases lists first, claimed; who gets what: moderation/test_cases",
    "console/cases/next": "redirects",
    "console/cases/upcoming": "the page of a case that one may claim: browser/test_deciding",
    "api/v1/decision-actions": "the house rules, no content",
    "api/v1/cases/<uuid:case_id>/decisions": "what reviewers wrote; who may: api/test_decisions",
    "api/v1/decisions/<uuid:decision_id>/undo": "a line of one's own case: api/test_decisions",
    "api/v1/decisions/<uuid:decision_id>/reversal": "leads only: api/test_decisions",
    "api/v1/queues": "rules and figures, no content: api/test_queues",
    "api/v1/queues/preview": "two figures; leads: api/test_queues",
    "api/v1/queues/<uuid:queue_id>": "a rule and figures, no content: api/test_queues",
    "api/v1/reviewers/<uuid:user_id>/skills": "codes; leads: api/test_queues",
    "console/queues": "rules and figures, no content",
    "console/queues/save": "the same, and what was posted; leads only",
    "console/queues/<uuid:queue_id>/removal": "redirects",
    "console/people/<uuid:user_id>/skills": "redirects",
    "api/v1/audit/erasures": "an id and a truth: audit/test_sealing",
    "console/trail/erasure": "redirects",
    "api/v1/cases/<uuid:case_id>/translation": "as the case, masked: moderation/test_translations",
    "console/cases/<uuid:case_id>/translation": "as the case, masked",
    "api/v1/quality": "figures, no content; leads and auditors: api/test_quality",
    "api/v1/quality/thresholds": "a version's name; policy admins: api/test_quality",
    "api/v1/golden-items": "ids and why, no content; leads and auditors: api/test_quality",
    "api/v1/golden-items/<uuid:golden_id>/retirement": "as above; leads: api/test_quality",
    "console/quality": "titles of what one was given, figures: web/test_quality",
    "console/quality/thresholds": "redirects",
    "console/quality/golden/<uuid:golden_id>/retirement": "redirects",
    "console/cases/<uuid:case_id>/golden": "redirects",
    "api/v1/bulk-decisions": "figures, no content; leads only: api/test_decisions",
    "api/v1/bulk-decisions/preview": "titles, masked; leads only: api/test_decisions",
    "api/v1/bulk-decisions/<uuid:bulk_id>": "figures, no content; leads only",
    "api/v1/bulk-decisions/<uuid:bulk_id>/reversal": "figures, no content; leads only",
    "console/decisions/<uuid:decision_id>/undo": "redirects",
    "console/decisions/<uuid:decision_id>/reversal": "redirects",
    "console/cases/<uuid:case_id>/notes": "redirects",
    "console/mentions": "who calls upon one, and where; not what they wrote",
    "console/mentions/<uuid:mention_id>": "redirects",
    "api/v1/cases/<uuid:case_id>/notes": "what staff wrote, masked: moderation/test_notes",
    "console/people": "names and roles; leads only: authorisation/test_people",
    "console/people/appoint": "redirects",
    "console/people/<uuid:user_id>/dismissal": "redirects",
    "console/bulk": "what the queue lists; leads only: web/test_console_bulk",
    "console/bulk/preview": "titles, masked; leads only: web/test_console_bulk",
    "console/bulk/start": "redirects",
    "console/bulk/<uuid:bulk_id>": "ids and states, no content; leads only",
    "console/bulk/<uuid:bulk_id>/reversal": "redirects",
    "api/v1/assets/<uuid:asset_id>/appeal": "dates and ids; strangers get 404: api/test_appeals",
    "api/v1/me/care": "one's own choices; who may: api/test_care",
    "api/v1/me/exposure": "one's own figures, no content",
    "api/v1/care-rules": "settings of the install, no content",
    "api/v1/reviewers/exposure": "names and figures, no content; leads only: api/test_care",
    "console/care": "one's own choices and figures, no content",
    "console/break": "figures and a time, no content",
    "console/care/rules": "redirects",
    "messages/<uuid:letter_id>": "one letter, to its recipient only: web/test_messages",
    "console/trail/timeline": "redirects",
    "console/trail/timeline/<uuid:correlation_id>": "the trail's entries, for auditors only",
    "console/trail/export": "the trail's entries, for auditors only",
    "console/trail/verify_export.py": "a script, the same for all; auditors only",
    "api/v1/audit/tree-head": "hashes and counts of a chain; auditors only",
    "api/v1/audit/proof/<int:seq>": "hashes only; auditors only",
    "api/v1/audit/consistency": "hashes only; auditors only",
    "api/v1/overdue": "ids and deadlines, no content; staff only",
    "api/docs": "made from code, not from rows",
    "api/docs/problems": "made from code, not from rows",
    "api/^.*$": "answers 404 to every address that no route knows",
    "api/v1/taxonomy": "kinds of harm and their codes, public",
    "api/v1/models": "the catalogue of models is public",
    "api/v1/models/<str:name>": "the catalogue of models is public",
    "api/v1/servers": "models, no content",
    "api/v1/recipes": "recipes are public as models are",
    "api/v1/recipes/<str:name>": "recipes are public as models are",
    "api/v1/sign-in": "answers with the person who just gave their password",
    "api/v1/sign-out": "answers without a body",
    "api/v1/organisations/<uuid:organisation_id>/members/<uuid:user_id>": "people, no content",
    "api/v1/organisations/<uuid:organisation_id>/rules": "thresholds and conditions, no content",
    "api/v1/organisations/<uuid:organisation_id>/rules/check": "thresholds, no content",
    "api/v1/projects/<uuid:project_id>/rules": "thresholds and conditions, no content",
    "api/v1/projects/<uuid:project_id>/rules/check": "thresholds, no content",
    "api/v1/keys/<uuid:key_id>": "answers without a body",
    "api/v1/projects/<uuid:project_id>/collaborators/<uuid:user_id>": "answers without a body",
    "api/v1/moderations": "judges what is sent or named; who may name what: api/test_moderations",
    "api/v1/job-batches": "answers with the jobs that it makes",
    "studio/jobs": "answers with the job that it makes",
    "compositions/new": "sends to the composition that it makes",
    "organisation/<uuid:organisation_id>/keys": "issues a key; shows the organisation's page",
    "organisation/<uuid:organisation_id>/members": "redirects",
    "organisation/<uuid:organisation_id>/projects": "redirects",
    "organisation/keys/<uuid:key_id>/revoke": "redirects",
    "organisation/<uuid:organisation_id>/members/<uuid:user_id>/role": "redirects",
    "organisation/<uuid:organisation_id>/members/<uuid:user_id>/remove": "redirects",
    "projects/<uuid:project_id>/audience": "redirects",
    "projects/<uuid:project_id>/collaborators": "redirects",
    "projects/<uuid:project_id>/collaborators/<uuid:user_id>/remove": "redirects",
    "language": "redirects",
    "api/v1/feed/slates/<uuid:slate_id>/assets/<uuid:asset_id>": (
        "words about a place of one's own slate: recommendations/test_people"
    ),
    "feed/why/<uuid:slate_id>/<uuid:asset_id>": "as the same of the API: web/test_feed_pages",
    "api/v1/feed/data": "counts of what was erased",
    "api/v1/interests": "one's own interests, no content",
    "api/v1/signals": "a count; what may not be seen is left out: recommendations/test_signals",
    "feed/signals": "an empty answer",
    "api/v1/creators/<uuid:creator_id>/follow": "an empty answer",
    "api/v1/creators/<uuid:creator_id>/mute": "an empty answer",
    "creators/<uuid:creator_id>": "two buttons",
    "interests": "one's own interests, no content",
    "interests/choose": "redirects",
}
EXEMPT_PREFIXES: dict[str, str] = {
    "api/v1/registry/": "models, no content",
    "api/v1/policies": "policies, figures and ids; staff only, a key sees ids of its own",
    "api/v1/policy-backtests/": "figures and ids; staff only",
    "api/v1/retro-runs/": "figures and ids; staff only",
    "api/v1/strikes": "points and ids, no content; staff only",
    "api/v1/restrictions": "people and dates, no content; staff only",
    "api/v1/takedown-notices": "claims about ids, no content; staff only",
    "console/cases/<uuid:case_id>/strikes/": "redirects",
    "console/cases/<uuid:case_id>/authors/": "redirects",
    "console/cases/<uuid:case_id>/restrictions/": "redirects",
    "console/cases/<uuid:case_id>/assets/": "redirects",
    "api/v1/hash-banks": "hashes and digests of content, no content; staff only",
    "api/v1/hashes": "hashes and digests of content, no content; staff only",
    "console/models": "models, no content",
    "console/policies": "policies, figures and ids; staff only",
    "console/hashes": "hashes and digests of content, no content; staff only",
    "accounts/": "one's own account: log in, sign up, change the password",
}

WALKED: frozenset[str] = frozenset(
    {look.route for look in (*DETAILS, *WRITES)} | {route for route, _ in COLLECTIONS}
)


def known_routes() -> frozenset[str]:
    """Return every route of the address map, as written there."""
    return frozenset(_routes(get_resolver().url_patterns, ""))


def _routes(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route
