"""Calls as an integration makes them, and what they left behind."""

import json
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.test import Client

from tests import factories as make
from tidegate.accounts.models import User
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.api.codes import FIELDS, PROBLEMS


class Caller:
    """A person with a project of their own, calling with a key."""

    def __init__(self) -> None:
        account = make.make_account()
        self.user, self.project, self.organisation = (
            account.user,
            account.project,
            account.organisation,
        )
        self.key, self.key_text = make.make_key(account.organisation)
        self.client = keyed(self.key_text)

    def job(self, **fields: Any) -> dict[str, Any]:
        """Return a good request for a job, but for the fields given."""
        return {
            "project_id": str(self.project.pk),
            "model": "smollm2-135m",
            "prompt": "a calm harbour",
        } | fields

    def asks(self, body: Any, **headers: str) -> Any:
        """Send a job; bytes go as they are, everything else as JSON."""
        return post(self.client, "/api/v1/jobs", body, **headers)


def keyed(text: str, **given: Any) -> Client:
    """Return a client that sends a key."""
    return Client(headers={"Authorization": f"Bearer {text}"}, **given)


def signed_in(user: User, **given: Any) -> Client:
    """Return a client with a session; it checks CSRF tokens only when told to."""
    client = Client(**given)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def staff_key(role: str, organisation: Any) -> Client:
    """Return a client with a staff key of that organisation."""
    person = make.make_member(organisation, "admin", make.make_user(staff=[role]))
    scopes = frozenset({"assets:read", *STAFF_SCOPES}) & SCOPES
    return keyed(make.make_key(organisation, creator=person, scopes=scopes)[1])


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    """Send JSON, or bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
    return client.post(path, data, content_type="application/json", headers=headers or None)


def problem(response: Any, status: int, code: str) -> list[str]:
    """Check an error answer in every part; return its pointers."""
    content = response.content.decode()
    assert response.status_code == status, content
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["code"] == code, content
    assert code in PROBLEMS, f"{code} is not explained in tidegate.api.codes"
    assert document["type"] == f"/api/docs/problems#{code}"
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == response.headers["X-Request-Id"]
    errors: Iterable[dict[str, str]] = document.get("errors", [])
    for error in errors:
        assert set(error) == {"pointer", "code", "message"}
        assert error["code"] in FIELDS, f"{error['code']} is not explained in tidegate.api.codes"
    return [error["pointer"] for error in errors]


def rows() -> dict[str, int]:
    """Return how many rows every table holds."""
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy
    }
