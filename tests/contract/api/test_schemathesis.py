"""Whatever is sent, the API answers as its document says: no crash, no undocumented answer.

Requests are made from the document by a fixed seed: right ones, wrong ones, and right ones about
things that exist. They run in this process, inside the test's transaction.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests import factories as make
from tests.fakes.detectors import FakeDetectors
from tests.fakes.engine import engine_around
from tests.fakes.gate import FakeGate
from tidegate.accounts.models import Organisation, User
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.contracts import ports

pytestmark = pytest.mark.django_db

EXAMPLES = 10
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
DOCUMENT = Path(settings.ROOT) / "docs" / "api" / "openapi.json"
# It would end the session that the other calls need; its tests are with the sessions.
LEFT_OUT = {"sign_out"}
CSRF = "c" * 32
Ids = dict[str, list[str]]


@pytest.fixture(autouse=True)
def in_one_transaction(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the connection of the test over requests; nothing asks a model or sends a ticket."""
    from generation.app import tickets
    from moderation.app import checks

    monkeypatch.setattr(tickets, "issue", lambda *_, **__: 0)
    engine = engine_around(FakeDetectors())
    monkeypatch.setattr(checks, "engine", lambda: engine)
    before = ports.gate()
    ports.register_gate(FakeGate())
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)
    ports.register_gate(before)


def creator() -> tuple[dict[str, str], Ids]:
    """A person with a session, a company, a project, assets and jobs."""
    user, ids = _furnished()
    return _session(user), ids


def reviewer() -> tuple[dict[str, str], Ids]:
    """A reviewer with a session, and a case to decide; auditor too, for the trail."""
    _, ids = _furnished()
    return _session(make.make_user(staff=["reviewer", "auditor"])), ids


def key() -> tuple[dict[str, str], Ids]:
    """An API key with every plain scope."""
    user, ids = _furnished()
    organisation = Organisation.objects.get(pk=ids["organisation_id"][0])
    scopes = SCOPES - STAFF_SCOPES
    _, text = make.make_key(organisation, creator=user, scopes=scopes)
    return {"Authorization": f"Bearer {text}"}, ids


def nobody() -> tuple[dict[str, str], Ids]:
    """A stranger, to whom things of others are named."""
    _, ids = _furnished()
    return {}, ids


@pytest.mark.parametrize("caller", [creator, reviewer, key, nobody])
def test_every_answer_is_one_that_the_document_names(
    caller: Callable[[], tuple[dict[str, str], Ids]],
) -> None:
    headers, ids = caller()
    schema = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    schema.app = get_wsgi_application()
    schema.config.generation.update(with_security_parameters=False)
    failures: list[str] = []
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # or the document is invalid
        if operation.definition.raw["operationId"] in LEFT_OUT:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not _takes_input(operation):
                continue  # nothing in such a request can be wrong
            try:
                _examine(operation, mode, headers, ids)
            except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  # listed below
                failures += [f"{operation.label} {mode.name}: {found}" for found in _flat(error)]
    assert failures == [], "\n\n".join(failures)


def _examine(operation: Any, mode: GenerationMode, headers: dict[str, str], ids: Ids) -> None:
    is_stream = operation.path.endswith("/events")

    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), pick=st.integers(0, 5))
    def examine(case: Any, pick: int) -> None:
        cache.clear()
        # A stream needs its own server; what exists is followed in the tests of streams.
        if mode is GenerationMode.POSITIVE and pick and not is_stream:
            for name in case.path_parameters or {}:
                if known := ids.get(name):
                    case.path_parameters[name] = known[pick % len(known)]
            if isinstance(case.body, dict):
                for name in set(case.body) & set(ids):
                    case.body[name] = ids[name][pick % len(ids[name])]
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)

    examine()


def _takes_input(operation: Any) -> bool:
    """Whether a wrong request can be made: a body, a query, or a path that not any text fits."""
    has_body = bool(list(operation.body))
    parts = [*operation.query, *operation.headers, *operation.path_parameters]
    return has_body or any(part.definition["schema"] != {"type": "string"} for part in parts)


def _flat(error: BaseException) -> Iterator[str]:
    """Yield every finding in an error, with the request that hypothesis notes."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _flat(inner)
        return
    notes = "\n".join(getattr(error, "__notes__", []))
    yield f"{type(error).__name__}: {error}\n{notes}"


def _furnished() -> tuple[User, Ids]:
    from generation.app import services
    from moderation.app.models import Case

    company = make.make_organisation()
    user = make.owner_of(company)
    project = make.make_project(company)
    states = ("pending", "released", "held", "blocked", "withdrawn")
    assets = [make.make_asset(project, owner=user, visibility=state) for state in states]
    jobs = [
        services.submit_job(
            viewer=make.viewer_of(user),
            project_id=project.pk,
            model_name="smollm2-135m",
            prompt="a calm harbour",
        )
        for _ in range(2)
    ]
    cases = [
        Case.objects.create(asset=asset, organisation_id=company.pk, because="hold", severity=3)
        for asset in assets[2:4]
    ]
    spare, _ = make.make_key(company)
    return user, {
        "asset_id": [str(asset.pk) for asset in assets],
        "rendition_id": [str(asset.renditions.get().pk) for asset in assets],
        "job_id": [str(job.pk) for job in jobs],
        "case_id": [str(case.pk) for case in cases],
        "project_id": [str(project.pk)],
        "organisation_id": [str(company.pk)],
        "user_id": [str(make.make_member(company).pk)],
        "key_id": [str(spare.pk)],
        "name": ["smollm2-135m", "tidegate-image"],
    }


def _session(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={CSRF}"
    return {"Cookie": cookie, "X-CSRFToken": CSRF}
