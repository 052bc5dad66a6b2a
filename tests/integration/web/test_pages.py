"""Every page opens for whom it is meant, and holds nothing that the browser would refuse."""

import json
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.moderation import stage
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.accounts.models import User

pytestmark = pytest.mark.django_db


def test_no_page_holds_anything_inline_or_foreign(
    sign_in: SignIn, gate: FakeGate, issued: list[str], engine: object
) -> None:
    account = factories.make_account(display_name="Mira Creator")
    staff = factories.make_user(display_name="Rui", staff=("reviewer", "policy_admin"))
    shown = factories.make_asset(account.project, owner=account.user)
    for state in ("held", "blocked", "withdrawn", "pending"):
        factories.make_asset(account.project, owner=account.user, visibility=state)
    _, case = stage.held()
    author, reviewer, stranger = sign_in(account.user), sign_in(staff), Client()
    author.post("/studio/jobs", _request(account.project.pk))
    pages = [
        (stranger, ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")),
        (stranger, (f"/assets/{shown.pk}", "/nothing/here")),
        (author, ("/studio", f"/studio?from={shown.pk}", "/feed", "/library", "/organisation")),
        (author, (f"/assets/{shown.pk}", "/accounts/password/change/", "/feed/news?since=x")),
        (reviewer, ("/console/", f"/console/cases/{case.pk}", "/console/trail")),
        (reviewer, (f"/assets/{case.asset_id}", "/console/?state=decided")),
    ]
    for client, paths in pages:
        for path in paths:
            response = client.get(path)
            assert response.status_code == (404 if path == "/nothing/here" else 200), path
            assert refused_by_policy(text_of(response)) == [], path
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy


@pytest.mark.parametrize(
    "path",
    ["/studio", "/feed", "/library", "/organisation", "/console/", "/console/trail"],
)
def test_a_stranger_is_sent_to_the_log_in_page(path: str, client: Client) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize(
    ("staff", "path", "status"),
    [
        ((), "/console/", 404),
        ((), "/console/trail", 404),
        (("reviewer",), "/console/", 200),
        (("reviewer",), "/console/trail", 404),
        (("auditor",), "/console/", 200),
        (("auditor",), "/console/trail", 200),
    ],
)
def test_the_console_does_not_exist_for_those_without_a_role(
    staff: tuple[str, ...], path: str, status: int, sign_in: SignIn
) -> None:
    assert sign_in(factories.make_user(staff=staff)).get(path).status_code == status


def test_the_front_door_shows_released_work_only(client: Client) -> None:
    project = factories.make_project()
    factories.make_asset(project, text="seen by everyone")
    factories.make_asset(project, text="seen by nobody yet", visibility="held")
    page = text_of(client.get("/"))
    assert "seen by everyone" in page
    assert "seen by nobody yet" not in page


def test_demo_log_ins_are_shown_in_demo_installations_only(
    settings: Settings, tmp_path: Path, client: Client
) -> None:
    file = tmp_path / "demo.json"
    person = {"role": "creator", "email": "creator@demo.test", "password": "a-demo-password"}
    file.write_text(json.dumps({"people": [person]}))
    settings.TIDEGATE_DEMO_FILE = file
    settings.TIDEGATE_DEMO = False
    assert "a-demo-password" not in text_of(client.get("/accounts/login/"))
    settings.TIDEGATE_DEMO = True
    assert "a-demo-password" in text_of(client.get("/accounts/login/"))


def test_the_language_is_kept_on_the_device_and_with_the_account(sign_in: SignIn) -> None:
    user = factories.make_user()
    client = sign_in(user)
    response = client.post("/language", {"language": "zh-hans", "next": "/library"})
    assert response.headers["Location"] == "/library"
    assert "作品库" in text_of(client.get("/library"))
    assert User.objects.get(pk=user.pk).language == "zh-hans"


@pytest.mark.parametrize("back", ["https://elsewhere.test/", "//elsewhere.test", ""])
def test_the_language_switch_leads_to_no_foreign_place(back: str, client: Client) -> None:
    response = client.post("/language", {"language": "en", "next": back})
    assert response.headers["Location"] == "/"


def test_an_unknown_language_is_refused(client: Client) -> None:
    assert client.post("/language", {"language": "tlh"}).status_code == 400


def test_what_is_blocked_is_not_on_its_own_page_either(sign_in: SignIn) -> None:
    account = factories.make_account()
    asset = factories.make_asset(
        account.project, owner=account.user, visibility="blocked", text="the very words"
    )
    page = text_of(sign_in(account.user).get(f"/assets/{asset.pk}"))
    assert "the very words" not in page
    assert "not shown to anybody" in page


def test_an_api_address_that_leads_nowhere_stays_a_problem_document(client: Client) -> None:
    response = client.get("/api/v1/nowhere")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("application/problem+json")


def _request(project_id: object) -> dict[str, str]:
    return {
        "model": "smollm2-135m",
        "project": str(project_id),
        "prompt": "A tagline for a night train",
        "seed": "",
    }
