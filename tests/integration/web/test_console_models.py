"""The console's pages about models."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from generation.app.models import RegisteredModel
from generation.app.registry import selectors, services
from generation.app.registry.snapshot import forget
from tests import factories
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import text_of
from tidegate.accounts.viewers import system
from tidegate.audit.models import Entry

pytestmark = pytest.mark.django_db

NAME = "tidegate-image"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def test_the_page_lists_every_model_and_says_that_the_server_is_away(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user(staff=("auditor",)))
    page = text_of(client.get("/console/models"))
    for offer in selectors.registered(system("test")):
        assert f"/console/models/{offer.name}" in page
    assert "It does not answer" in page


def test_the_page_speaks_chinese(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user(staff=("auditor",)))
    with translation.override("zh-hans"):
        page = text_of(client.get("/console/models", headers={"Accept-Language": "zh-hans"}))
    assert "模型" in page
    assert "没有应答" in page


def test_a_policy_admin_switches_a_model_off_and_on_with_a_reason(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user(staff=("policy_admin",)))
    client.post(f"/console/models/{NAME}/disable", {"reason": "  "})
    assert NAME in selectors.offered_models()
    client.post(f"/console/models/{NAME}/disable", {"reason": "hands"})
    assert NAME not in selectors.offered_models()
    page = text_of(client.get(f"/console/models/{NAME}"))
    assert "switched off" in page
    assert "hands" in page
    client.post(f"/console/models/{NAME}/enable", {"reason": "better hands"})
    assert NAME in selectors.offered_models()
    assert Entry.objects.filter(subject_id=NAME, action="model.enabled").count() == 1


def test_the_canary_and_the_end_are_set_on_the_page(sign_in: SignIn) -> None:
    services.sync_shipped()
    shipped = selectors.offered_models()[NAME]
    other = services.add_entry(
        viewer=system("test"), document={**shipped.document, "title": "Another"}
    )
    client = sign_in(factories.make_user(staff=("policy_admin",)))
    form = {
        "stable": shipped.version,
        "canary": other.version,
        "canary_percent": "7",
        "reason": "try",
    }
    client.post(f"/console/models/{NAME}/aliases", form)
    client.post(
        f"/console/models/{NAME}/deprecation", {"retires_on": "2999-01-01", "reason": "old"}
    )
    row = RegisteredModel.objects.get(name=NAME)
    assert row.canary is not None
    assert (row.canary.version, row.canary_percent) == (other.version, 7)
    assert row.retires_at is not None
    assert "2999-01-01" in text_of(client.get(f"/console/models/{NAME}"))
    client.post(f"/console/models/{NAME}/deprecation", {"retires_on": "", "reason": "kept"})
    row.refresh_from_db()
    assert row.retires_at is None


def test_a_crash_is_shown_with_its_log(sign_in: SignIn) -> None:
    services.disable_crashed(name=NAME, log="Traceback\nRuntimeError: no weights")
    page = text_of(sign_in(factories.make_user(staff=("auditor",))).get(f"/console/models/{NAME}"))
    assert "RuntimeError: no weights" in page
    assert "crashed" in page


@pytest.mark.parametrize("staff", [(), ("reviewer",), ("auditor",)])
def test_nobody_else_changes_a_model(sign_in: SignIn, staff: tuple[str, ...]) -> None:
    client = sign_in(factories.make_user(staff=staff))
    client.post(f"/console/models/{NAME}/disable", {"reason": "mine"})
    assert NAME in selectors.offered_models()
    if staff != ("auditor",):
        assert client.get("/console/models").status_code == 404
        assert "/console/models" not in text_of(client.get("/"))
