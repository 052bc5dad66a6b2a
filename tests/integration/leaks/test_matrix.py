"""Every reader looks at every thing on every path, and finds what the table says, no more."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http.response import HttpResponseBase, StreamingHttpResponse

from tests.integration.leaks.rights import CLASS_OF, RIGHTS, Rights, marks_in
from tests.integration.leaks.routes import (
    COLLECTIONS,
    DETAILS,
    EXEMPT,
    EXEMPT_PREFIXES,
    GRABBED,
    WALKED,
    WRITES,
    Look,
    known_routes,
)
from tests.integration.leaks.world import Reader, Thing, World, nothing

REFUSED = frozenset({302, 401, 403, 404})
BODIES: Mapping[str, Mapping[str, Any]] = {
    "/api/v1/presets/{preset}/versions": {"name": "mine", "model": "smollm2-135m", "prompt": "x"},
    "/api/v1/presets/{preset}/take-down": {"reason": "x"},
    "/api/v1/presets/{preset}/reinstate": {"reason": "x"},
    "/api/v1/cases/{case}/reveal": {"reason": "let me see it"},
    "/api/v1/cases/{case}/decision": {"action": "release", "reason": "let me see it"},
}


GROUPS = {
    "people": [name for name in RIGHTS if "key" not in name and not RIGHTS[name].case],
    "staff": [name for name in RIGHTS if "key" not in name and RIGHTS[name].case],
    "keys": [name for name in RIGHTS if "key" in name],
}


@pytest.mark.parametrize("group", GROUPS)
def test_readers_find_what_the_table_says_and_no_more(world: World, group: str) -> None:
    wrong = [
        f"{name}: {found}" for name in GROUPS[group] for found in walk(world, world.readers[name])
    ]
    assert wrong == []


def test_every_route_is_walked_or_explained() -> None:
    known = {
        route
        for route in known_routes()
        if not any(route.startswith(prefix) for prefix in EXEMPT_PREFIXES)
    }
    assert known - WALKED - set(EXEMPT) == set(), "new routes: walk them, or say why not"
    assert (WALKED | set(EXEMPT)) - known == set(), "routes that went away"
    assert WALKED & set(EXEMPT) == set()


def test_the_feed_shows_released_work_only_and_to_its_author_nobodys(world: World) -> None:
    for name, states in (("reviewer", {"released"}), ("author", set())):
        found = marks_in(body_of(world.readers[name].client.get("/api/v1/feed?limit=100")))
        assert {state for _, _, state in found} == states, name


def test_the_landing_page_shows_what_is_public(world: World) -> None:
    found = marks_in(body_of(world.readers["nobody"].client.get("/")))
    assert {(audience, state) for _, audience, state in found} == {("public", "released")}


def test_a_hidden_parent_is_not_named(world: World) -> None:
    assert world.child is not None
    parent = str(world.child.parent_id)
    for name in ("nobody", "stranger", "member of the organisation", "key of a member"):
        client = world.readers[name].client
        assert parent not in body_of(client.get(f"/api/v1/assets/{world.child.pk}")), name
        assert parent not in body_of(client.get(f"/assets/{world.child.pk}")), name
    author = world.readers["author"].client
    assert author.get(f"/api/v1/assets/{world.child.pk}").json()["parent_id"] == parent


def test_an_auditor_reads_the_trail_and_a_key_only_its_organisations(world: World) -> None:
    home = f"organisation:{world.home.pk}"
    auditor = world.readers["auditor"].client
    assert auditor.get("/api/v1/audit", {"chain": home}).json()["items"]
    confined = world.readers["staff key of an auditor in another organisation"].client
    assert confined.get("/api/v1/audit", {"chain": home}).json()["items"] == []
    chains = {entry["chain"] for entry in confined.get("/api/v1/audit").json()["items"]}
    assert len(chains) == 1


def walk(world: World, reader: Reader) -> Iterable[str]:
    """Look at everything, everywhere; then try to write to it."""
    for thing in world.things:
        yield from looks_at(reader, thing)
    yield from looks_around(world, reader)
    for thing in world.things:
        if (thing.audience, thing.state) in GRABBED:
            yield from grabs(reader, thing)


def looks_at(reader: Reader, thing: Thing) -> Iterable[str]:
    """Ask for one thing on every path; yield what is wrong."""
    for look in DETAILS:
        response = ask(reader, look, thing)
        where = f"{look.method} {look.path} {thing.audience} {thing.state} {look.headers}"
        yield from leaks(reader, response, where, is_page=look.is_page)
        may = may_look(reader, look, thing)
        if may and response.status_code != look.ok:
            yield f"{where}: {response.status_code} instead of {look.ok}"
        if may and look.shows and thing.mark(look.shows) not in body_of(response).lower():
            yield f"{where}: does not show {look.shows}"
        if not may:
            yield from tells(reader, response, look, where)


def looks_around(world: World, reader: Reader) -> Iterable[str]:
    """Ask for everything that lists things; yield what is wrong."""
    named = {
        "home": world.home.pk,
        "private": world.projects["private"].pk,
        "held": one(world, "private", "held").asset.pk,
        "unlisted": one(world, "private", "released").asset.pk,
        "public": one(world, "public", "released").asset.pk,
        "job": one(world, "private", "released").job.pk,
        "composition": one(world, "private", "released").job.whole_id,
    }
    for _, path in COLLECTIONS:
        response = reader.client.get(path.format(**named))
        if response.status_code >= 500:
            yield f"{path}: {response.status_code}"
        yield from leaks(reader, response, path, is_page=not path.startswith("/api/"))
    if reader.opens("assets:read"):
        found = body_of(reader.client.get("/api/v1/assets?limit=100"))
        for thing in world.things:
            may = reader.rights.allow("text", thing.audience, thing.state)
            if (str(thing.asset.pk) in found) is not may:
                yield f"/api/v1/assets: {thing.audience} {thing.state} listed: {not may}"


def grabs(reader: Reader, thing: Thing) -> Iterable[str]:
    """Try to write to what one may not see; it must look as if it did not exist."""
    for look in WRITES:
        # Who may see it may write to it, or is told why not: that is tested elsewhere.
        if may_look(reader, look, thing):
            continue
        response = ask(reader, look, thing)
        where = f"{look.method} {look.path} {thing.audience} {thing.state}"
        yield from leaks(reader, response, where, is_page=look.is_page)
        yield from tells(reader, response, look, where)


def may_look(reader: Reader, look: Look, thing: Thing) -> bool:
    """Say from the table alone whether the look is answered."""
    rights = reader.page_rights if look.is_page else reader.rights
    if look.is_page:
        is_open = reader.is_signed_in or not look.needs_person
    elif reader.is_key or look.needs_person:
        is_open = reader.opens(look.scope)
    else:
        is_open = True
    kind = "text"
    if "job" in look.route or "compositions" in look.route:
        kind = "jobtext"
    elif "uploads" in look.route:
        kind = "upload"
    elif "presets" in look.route:
        kind = "preset"
    elif "case" in look.route:
        kind = "hazard"
    return is_open and rights.allow(kind, thing.audience, thing.state)


def tells(reader: Reader, response: Any, look: Look, where: str) -> Iterable[str]:
    """Yield when a refusal differs from the one for an id that nobody has."""
    if response.status_code not in REFUSED:
        yield f"{where}: {response.status_code}"
        return
    if look not in reader.blanks:
        nobodys = ask(reader, look, None)
        reader.blanks[look] = (nobodys.status_code, code_of(nobodys))
    if reader.blanks[look] != (response.status_code, code_of(response)):
        yield f"{where}: {code_of(response)} tells it from {reader.blanks[look]}"


def leaks(reader: Reader, response: Any, where: str, *, is_page: bool) -> Iterable[str]:
    """Yield every mark in an answer that the table does not allow."""
    rights: Rights = reader.page_rights if is_page else reader.rights
    for kind, audience, state in sorted(marks_in(body_of(response))):
        is_allowed = rights.allow(kind, audience, state)
        if CLASS_OF[kind] == "inner" and rights.trail:
            is_allowed = True
        if not is_allowed:
            yield f"LEAK {where}: {kind} of {audience} {state}"


def ask(reader: Reader, look: Look, thing: Thing | None) -> Any:
    """Send a request about a thing, or about an id that nobody has."""
    ids = {
        "asset": thing.asset.pk if thing else nothing(),
        "rendition": thing.rendition.pk if thing else nothing(),
        "job": thing.job.pk if thing else nothing(),
        "batch": thing.job.batch_id if thing else nothing(),
        "composition": thing.job.whole_id if thing else nothing(),
        "case": thing.case.pk if thing else nothing(),
        "upload": thing.upload.pk if thing else nothing(),
        "preset": thing.preset.pk if thing else nothing(),
        "etag": thing.rendition.blob_id if thing else "0" * 64,
        "upload_etag": thing.upload.blob_id if thing else "0" * 64,
    }
    headers = {name: value.format(**ids) for name, value in look.headers}
    send = getattr(reader.client, look.method)
    if look.method != "post":
        return send(look.path.format(**ids), headers=headers)
    if look.is_page:
        return send(look.path.format(**ids), {"kind": "like", "reason": "x", "action": "release"})
    body = BODIES.get(look.path, {})
    if look.route == "api/v1/interactions":
        body = {"asset_id": str(ids["asset"]), "kind": "view"}
    return send(look.path.format(**ids), body, content_type="application/json")


def body_of(response: HttpResponseBase) -> str:
    """Return an answer's text; a live stream is closed unread."""
    if isinstance(response, StreamingHttpResponse):
        if response.is_async:
            # Its end would close the test's connection too, as the end of a request does.
            request_finished.disconnect(close_old_connections)
            response.close()
            request_finished.connect(close_old_connections)
            return ""
        return b"".join(response).decode()
    return bytes(response.content).decode()  # type: ignore[attr-defined]  # not streaming: has it


def code_of(response: Any) -> str:
    """Return a problem's code; for pages nothing."""
    is_problem = response.headers.get("Content-Type", "").startswith("application/problem+json")
    return str(response.json()["code"]) if is_problem and response.content else ""


def one(world: World, audience: str, state: str) -> Thing:
    """Return the thing of that audience and state."""
    return next(
        thing for thing in world.things if (thing.audience, thing.state) == (audience, state)
    )
