"""Every role at every address of the console: whoever may passes, nobody else changes anything."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.models import (
    BulkDecision,
    Case,
    Decision,
    HashBank,
    HashEntry,
    Restriction,
    Strike,
)
from moderation.app.roles import DESKS
from tests import factories
from tests.integration.api.caller import rows
from tests.integration.authorisation.table import LINES, OUTSIDERS, STAFF, Line
from tests.integration.moderation import stage
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures
from tests.integration.moderation.test_decisions import decide, decision
from tidegate.accounts.models import Organisation, User
from tidegate.accounts.services import appoint_staff
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]
WORDS = (
    "deciding is for reviewers",
    "Only review staff may do this",
    "Senior reviewers and policy admins do this",
    "Only senior reviewers and policy admins do this",
    "Only policy admins do this",
    "This waits at another desk",
    "Only your own decision can be undone",
    "Your roles do not allow this",
    "Only policy admins change models",
)
"""How somebody who is let into the console is told that this is not theirs."""
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def world(engine: Engine) -> Mapping[str, Any]:  # noqa: F811  # the fixture, not its import
    """A held output of an organisation, and everything that the addresses are about."""
    asset, case = stage.held()
    senior = stage.staff("senior_reviewer", name="Sol")
    _, blocked = stage.held(content="violencemaybe elsewhere")
    decide(blocked, stage.staff("reviewer", name="Rae"), list_hashes=True)
    author = blocked.asset.owner_id
    services.impose_restriction(viewer=senior, author_id=author, kind="cooldown", reason="so it is")
    _, third = stage.held(content="violencemaybe once more")
    digest = services.preview_bulk(viewer=senior, case_ids=[third.pk], action="block").digest
    services.start_bulk(
        viewer=senior, case_ids=[third.pk], action="block", reason="so", digest=digest
    )
    golden = services.make_golden(
        case_id=blocked.pk, viewer=senior, answer="block", explanation="So it is."
    )
    _, decided = stage.held(content="violencemaybe at last")
    decide(decided, stage.staff("reviewer", name="Rob"))
    policy = services.propose_policy(
        source=engine.policy.source, viewer=stage.staff("policy_admin"), reason="to have one"
    )
    return {
        "case": case.pk,
        "asset": asset.pk,
        "author": asset.owner_id,
        "decision": decision(blocked).pk,
        "golden": golden.pk,
        "queue": services.save_queue(
            viewer=senior, name="some", title="Some", position=5, rule="severity > 95"
        ).pk,
        "reviewer": stage.staff("reviewer", name="Rob").user_id,
        "decided": decided.pk,
        "bulk": BulkDecision.objects.get().pk,
        "strike": Strike.objects.earliest("created_at").pk,
        "restriction": Restriction.objects.get().pk,
        "entry": HashEntry.objects.first().pk,  # type: ignore[union-attr]
        "bank": HashBank.objects.first().pk,  # type: ignore[union-attr]
        "policy": policy.pk,
        "correlation": asset.correlation_id,
        "model": "smollm2-135m",
        "nothing": new_id(),
        "email": asset.owner.email,
        "owner": asset.owner,
        "organisation": asset.organisation_id,
    }


def person(role: str, world: Mapping[str, Any]) -> User | None:
    """Return somebody of a role, who has no part in the world but theirs."""
    if role == "anonymous":
        return None
    if role == "author":
        owner: User = world["owner"]
        return owner
    if role == "organisation_owner":
        home = Organisation.objects.get(pk=world["organisation"])
        return factories.make_member(home, "admin", factories.make_user())
    return factories.make_user(staff=() if role == "nobody" else (role,))


def ask(line: Line, who: User | None, world: Mapping[str, Any]) -> Any:
    client = Client(raise_request_exception=False)
    if who is not None:
        client.force_login(who, backend=BACKEND)
    body = {name: value.format(**world) for name, value in line.body.items()}
    path = line.path.format(**world)
    return client.post(path, body) if line.method == "post" else client.get(path)


def is_refused(answer: Any) -> bool:
    """Whether somebody was not let in, or was told that this is not theirs."""
    if answer.status_code in {403, 404}:
        return True
    if answer.status_code == 302 and "/accounts/login" in answer.headers["Location"]:
        return True
    if answer.status_code == 409:
        return any(words in answer.content.decode() for words in WORDS)
    request = answer.wsgi_request
    told = [str(message) for message in getattr(request, "_messages", ())]
    return any(words in message for message in told for words in WORDS)


def test_every_address_of_the_console_has_a_line() -> None:
    names = {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert {name for name in names if name.startswith("console-")} == set(LINES)


@pytest.mark.parametrize("name", LINES)
def test_who_may_passes_and_nobody_else_changes_anything(
    name: str, world: Mapping[str, Any]
) -> None:
    line, wrong = LINES[name], []
    for role in (*OUTSIDERS, *STAFF):
        who, before = person(role, world), None
        with transaction.atomic():
            before = _counted()
            answer = ask(line, who, world)
            changed = _counted() != before
            transaction.set_rollback(True)
        refused = is_refused(answer)
        if answer.status_code >= 500:
            wrong.append(f"{role}: the server failed ({answer.status_code})")
        if refused == (role in line.may):
            wrong.append(f"{role}: {'refused' if refused else 'let in'} ({answer.status_code})")
        if refused and changed:
            wrong.append(f"{role}: refused, and something changed")
    assert wrong == []


def _counted() -> dict[str, int]:
    """Return all rows but those of sessions, which begin with whoever signs in."""
    return {name: count for name, count in rows().items() if not name.startswith("sessions")}


@pytest.mark.parametrize("desk", ["senior", "legal"])
@pytest.mark.parametrize("role", STAFF)
def test_a_case_is_decided_at_its_desk_alone(desk: str, role: str) -> None:
    asset, case = stage.held()
    Case.objects.filter(pk=case.pk).update(desk=desk)
    client = Client()
    client.force_login(factories.make_user(staff=(role,)), backend=BACKEND)
    form = {"action": "block", "reason": "So it is."}
    client.post(f"/console/cases/{case.pk}/decision", form)
    assert stage.visibility(asset) == ("blocked" if role in DESKS[desk] else "held")


@pytest.mark.parametrize("role", [role for role in STAFF if role != "auditor"])
def test_nobody_decides_on_what_they_made(role: str) -> None:
    asset, case = stage.held()
    if role == "legal_counsel":
        Case.objects.filter(pk=case.pk).update(desk="legal")
    appoint_staff(user_id=asset.owner_id, role=role, viewer=stage.staff("policy_admin"))
    client = Client()
    client.force_login(asset.owner, backend=BACKEND)
    client.post(f"/console/cases/{case.pk}/decision", {"action": "release", "reason": "Mine."})
    assert stage.visibility(asset) == "held"
    assert not Decision.objects.exists()
