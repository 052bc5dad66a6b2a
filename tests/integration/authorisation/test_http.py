"""Every address of staff over HTTP, by every role and by keys of another organisation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests import factories
from tests.integration.api.caller import rows, signed_in, staff_key
from tests.integration.authorisation.http_table import CALLS, Call
from tests.integration.authorisation.table import OUTSIDERS, STAFF
from tests.integration.authorisation.test_console import person, world  # noqa: F401  # a fixture
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures
from tidegate.accounts.scopes import STAFF_SCOPES
from tidegate.api.v1.urls import urlpatterns
from tidegate.audit import keys
from tidegate.audit.checkpoints import checkpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]
NOT_YOURS = frozenset({403, 404})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
AWAY = (501, 503)
"""What a process without a model server, or a translator, answers to who may ask for it."""
ORGANISED = ("case", "asset", "decision", "bulk", "strike", "restriction", "golden", "decided")
"""What of the world belongs to organisations."""
OWN = frozenset({"audit.Entry", "audit.SubjectKey", "moderation.ReviewerCare"})
"""What one writes about oneself: that one took an export, that one is at work."""


@pytest.fixture(autouse=True)
def signed(world: Mapping[str, Any], settings: Any, tmp_path: Path) -> None:  # noqa: F811
    """Sign the trail of the world, so that there are trees to be asked for."""
    settings.TIDEGATE_AUDIT_KEY_FILE = tmp_path / "audit.pem"
    settings.TIDEGATE_AUDIT_EXPORT_FILE = tmp_path / "checkpoints.jsonl"
    keys.create(tmp_path / "audit.pem")
    checkpoint()


def ask(client: Client, name: str, call: Call, world: Mapping[str, Any]) -> Any:  # noqa: F811
    method, _, address = name.partition(" ")
    path = f"/api/v1/{(call.path or address).format(**world)}"
    if method == "GET":
        return client.get(path)
    body = json.loads(_filled(json.dumps(call.body), world))
    return client.generic(method, path, json.dumps(body), content_type="application/json")


def _filled(text: str, world: Mapping[str, Any]) -> str:  # noqa: F811
    for name, value in world.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def test_every_address_of_staff_has_a_line() -> None:
    found = set()
    for pattern in urlpatterns:
        view: Any = getattr(pattern.callback, "view_class", None)
        scopes = " ".join(getattr(view, "scopes", {}).values()).split()
        if not STAFF_SCOPES.isdisjoint(scopes):
            methods = [one for one in METHODS if hasattr(view, one.lower())]
            found |= {f"{method} {pattern.pattern}" for method in methods}
    assert found ^ set(CALLS) == set()


@pytest.mark.parametrize("role", [*OUTSIDERS, *STAFF])
def test_who_may_passes_and_nobody_else_changes_anything(
    role: str,
    world: Mapping[str, Any],  # noqa: F811
) -> None:
    who, wrong = person(role, world), []
    for name, call in CALLS.items():
        with transaction.atomic():
            client = Client() if who is None else signed_in(who)
            before = _counted()
            answer = ask(client, name, call, world)
            changed = _counted() != before
            transaction.set_rollback(True)
        refused = answer.status_code in {401, *NOT_YOURS}
        if answer.status_code >= 500 and answer.status_code not in AWAY:
            wrong.append(f"{name}: the server failed ({answer.status_code})")
        if refused == (role in call.may):
            wrong.append(f"{name}: {answer.status_code} {answer.content[:160]!r}")
        if refused and changed:
            wrong.append(f"{name}: refused, and something changed")
    assert wrong == []


@pytest.mark.parametrize("role", STAFF)
def test_a_key_of_another_organisation_finds_nothing_and_changes_nothing(
    role: str,
    world: Mapping[str, Any],  # noqa: F811
) -> None:
    client, wrong = staff_key(role, factories.make_organisation()), []
    theirs = {name: str(world[name]) for name in ORGANISED}
    for name, call in CALLS.items():
        if not call.is_confined:
            continue
        sent = _filled(json.dumps(call.body) + call.path, world)
        with transaction.atomic():
            before = _counted()
            answer = ask(client, name, call, world)
            changed = {key for key, count in _counted().items() if count != before[key]}
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            wrong.append(f"{name}: the server failed ({answer.status_code})")
        shown = answer.content.decode()
        wrong += [
            f"{name}: shows the {what}"
            for what, key in theirs.items()
            if key in shown and key not in sent
        ]
        if changed - OWN:
            wrong.append(f"{name}: changed {sorted(changed)}")
        if call.path and answer.status_code not in NOT_YOURS:
            wrong.append(f"{name}: {answer.status_code} {answer.content[:160]!r}")
    assert wrong == []


def _counted() -> dict[str, int]:
    """Return all rows but those of sessions, which begin with whoever signs in."""
    return {name: count for name, count in rows().items() if not name.startswith("sessions")}
