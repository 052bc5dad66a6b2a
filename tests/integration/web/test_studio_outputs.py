"""A card shows several outputs side by side, each in its own state, and what a job waits for."""

import pytest
from django.test import Client
from django.utils.translation import override

from generation.app import services
from generation.app.models import Job
from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.generation.paying import BROKEN, claimed, picture
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.assets.models import Asset
from tidegate.projects.services import Account
from tidegate.web.templatetags.web import obstacle_title, starts_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(gate: FakeGate, issued: list[str]) -> Account:
    return factories.make_account(display_name="Mira Creator")


@pytest.fixture
def client(account: Account, sign_in: SignIn) -> Client:
    return sign_in(account.user)


def asked(client: Client, account: Account, outputs: int = 3) -> Job:
    given = {
        "model": "tidegate-image",
        "project": str(account.project.pk),
        "prompt": "a red apple",
        "seed": "7",
        "outputs": str(outputs),
    }
    assert client.post("/studio/jobs", given).status_code == 200
    return Job.objects.get()


def card(client: Client, job: Job) -> str:
    return text_of(client.get(f"/studio/jobs/{job.pk}/card"))


def test_every_output_stands_in_its_own_state_while_the_job_goes_on(
    client: Client, account: Account
) -> None:
    job = asked(client, account)
    assert 'data-output="0"' not in card(client, job)
    claim = claimed()
    services.deliver_output(claim=claim, index=0, output=picture(), model_version="1")
    services.miss_output(claim=claim, index=1, failure=BROKEN, is_last=False)
    page = card(client, job)
    assert page.count("<li") == 3
    assert 'chip-pending">being checked' in page
    assert 'chip-failed">failed' in page
    assert "The model did not accept these settings." in page
    assert 'chip-running">being made' in page
    assert "data-live" in page
    assert "data-cancel" in page
    assert "/media/" not in page
    assert refused_by_policy(page) == []


def test_an_ended_job_shows_what_was_made_and_what_was_not(
    client: Client, account: Account
) -> None:
    job = asked(client, account, outputs=2)
    claim = claimed()
    services.deliver_output(claim=claim, index=0, output=picture(), model_version="1")
    services.miss_output(claim=claim, index=1, failure=BROKEN, is_last=True)
    page = card(client, job)
    assert page.count("<li") == 2
    assert "data-progress" not in page
    seen = Asset.objects.get().visibility
    assert client.get(f"/studio/jobs/{job.pk}/card?seen={seen}").status_code == 204


def test_a_cancelled_job_keeps_what_was_made(client: Client, account: Account) -> None:
    job = asked(client, account)
    claim = claimed()
    services.deliver_output(claim=claim, index=0, output=picture(), model_version="1")
    client.post(f"/studio/jobs/{job.pk}/cancel")
    services.stop_job(claim=claim)
    page = card(client, job)
    assert "Cancelled. What was made stays." in page
    assert "not made" in page
    assert "data-live" not in page


def test_a_waiting_job_says_how_many_come_first(client: Client, account: Account) -> None:
    page = card(client, asked(client, account))
    assert "Next in line" in page
    assert 'data-position="0"' in page


def test_a_wait_is_said_in_words() -> None:
    assert starts_in(59) == "starts within a minute"
    assert starts_in(61) == "starts in about 1 minute"
    assert starts_in(150) == "starts in about 2 minutes"
    assert obstacle_title("no_worker") == "nobody works on such requests at the moment"
    with override("zh-hans"):
        assert starts_in(150) == "约 2 分钟后开始"
