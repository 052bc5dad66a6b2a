"""The studio accepts a request as a card, or says at the field what is wrong."""

import re

import pytest
from django.test import Client

from generation.app.models import Job
from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.projects.services import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(gate: FakeGate, issued: list[str]) -> Account:
    return factories.make_account(display_name="Mira Creator")


@pytest.fixture
def client(account: Account, sign_in: SignIn) -> Client:
    return sign_in(account.user)


def form(account: Account, **changed: str) -> dict[str, str]:
    return {
        "model": "smollm2-135m",
        "project": str(account.project.pk),
        "prompt": "A tagline for a night train",
        "seed": "7",
        "smollm2-135m.max_tokens": "24",
        **changed,
    }


def test_a_request_becomes_a_live_card_without_a_reload(client: Client, account: Account) -> None:
    response = client.post("/studio/jobs", form(account))
    job = Job.objects.get()
    page = text_of(response)
    assert response.status_code == 200
    assert f'id="job-{job.pk}"' in page
    assert "data-live" in page
    assert "data-cancel" in page
    assert (job.seed, job.parameters["max_tokens"]) == (7, 24)
    assert refused_by_policy(page) == []


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"prompt": ""}, "/prompt"),
        ({"prompt": "x" * 2001}, "/prompt"),
        ({"smollm2-135m.temperature": "9"}, "/parameters/temperature"),
        ({"smollm2-135m.max_tokens": "many"}, "/parameters/max_tokens"),
        ({"seed": "luck"}, "/seed"),
        ({"seed": "-1"}, "/seed"),
        ({"model": "nothing-we-have"}, "/model"),
        ({"project": "not-an-id"}, "/project_id"),
    ],
)
def test_what_is_wrong_is_said_with_its_field_and_nothing_is_made(
    changed: dict[str, str], pointer: str, client: Client, account: Account
) -> None:
    response = client.post("/studio/jobs", form(account, **changed))
    assert response.status_code == 422
    assert re.findall(r'data-error-at="([^"]+)"', text_of(response)) == [pointer]
    assert not Job.objects.exists()


def test_a_foreign_project_takes_no_request(client: Client, account: Account) -> None:
    foreign = factories.make_project()
    response = client.post("/studio/jobs", form(account, project=str(foreign.pk)))
    assert response.status_code == 422
    assert not Job.objects.exists()


def test_a_refused_prompt_says_why_in_plain_words(
    client: Client, account: Account, gate: FakeGate
) -> None:
    gate.prompt_verdict = "block"
    page = text_of(client.post("/studio/jobs", form(account)))
    assert "This prompt was refused" in page
    assert "violence" in page
    assert "data-live" not in page


def test_a_reload_shows_the_same_jobs(client: Client, account: Account) -> None:
    client.post("/studio/jobs", form(account))
    job = Job.objects.get()
    assert f'id="job-{job.pk}"' in text_of(client.get("/studio"))


def test_a_waiting_job_can_be_cancelled(client: Client, account: Account) -> None:
    client.post("/studio/jobs", form(account))
    job = Job.objects.get()
    page = text_of(client.post(f"/studio/jobs/{job.pk}/cancel"))
    assert "Cancelled. Nothing was made." in page
    assert Job.objects.get().state == Job.State.CANCELLED


def test_nobody_else_has_the_card(client: Client, account: Account, sign_in: SignIn) -> None:
    client.post("/studio/jobs", form(account))
    path = f"/studio/jobs/{Job.objects.get().pk}/card"
    assert sign_in(factories.make_user()).get(path).status_code == 404


def test_a_held_card_is_silent_until_something_changes(client: Client, account: Account) -> None:
    client.post("/studio/jobs", form(account))
    job = Job.objects.get()
    factories.make_asset(account.project, owner=account.user, visibility="held", job_id=job.pk)
    path = f"/studio/jobs/{job.pk}/card"
    assert client.get(f"{path}?seen=held").status_code == 204
    changed = client.get(f"{path}?seen=pending")
    assert changed.status_code == 200
    assert "Held for review" in text_of(changed)


def test_the_author_reads_the_word_that_the_policy_lets_be_told(
    client: Client, account: Account
) -> None:
    asset = factories.make_asset(account.project, owner=account.user, visibility="held")
    asset.public_reasons = [
        {"code": "spam", "title": "This looks like spam.", "words": ["刷单返利"]}
    ]
    asset.save(update_fields=["public_reasons"])
    assert "“刷单返利”" in text_of(client.get(f"/assets/{asset.pk}"))


def test_an_assets_settings_fill_the_form(client: Client, account: Account) -> None:
    asset = factories.make_asset(account.project, owner=account.user, prompt="a known prompt")
    assert "a known prompt" in text_of(client.get(f"/studio?from={asset.pk}"))
