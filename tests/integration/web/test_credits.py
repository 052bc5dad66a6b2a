"""What one has, and what a request will cost, on the pages."""

import json
import re
from html import unescape

import pytest
from django.test import Client

from generation.app.services import cancel_job
from generation.core.catalogue import catalogue
from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.generation.maker import Maker
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker(gate: FakeGate, issued: list[str]) -> Maker:
    return Maker()


@pytest.fixture
def client(maker: Maker, sign_in: SignIn) -> Client:
    return sign_in(maker.user)


def test_the_organisation_shows_its_balance_and_what_moved_it(maker: Maker, client: Client) -> None:
    job = maker.asks()
    maker.asks()
    cancel_job(viewer=maker.viewer, job_id=job.pk)
    page = text_of(client.get("/organisation"))
    assert "9996 available, 4 set aside for unfinished jobs." in page
    assert "Given back: cancelled before it began" in page
    assert "Granted: to begin with" in page
    assert refused_by_policy(page) == []


def test_the_balance_is_told_in_chinese(maker: Maker, client: Client) -> None:
    maker.asks()
    page = text_of(client.get("/organisation", headers={"Accept-Language": "zh-hans"}))
    assert "可用 9996 点，另有 4 点为未完成的任务预留。" in page
    assert "赠送: 初始点数" in page


def test_nobody_sees_the_credits_of_others(maker: Maker, client: Client) -> None:
    stranger = factories.make_account()
    assert client.get(f"/organisation/{stranger.organisation.pk}").status_code == 404


def test_the_studio_knows_what_everything_costs_and_what_is_there(
    maker: Maker, client: Client
) -> None:
    maker.asks()
    page = text_of(client.get("/studio"))
    prices = [json.loads(unescape(found)) for found in re.findall(r'data-price="([^"]+)"', page)]
    assert len(prices) == page.count('name="model"')
    assert catalogue()["tidegate-image"].price.base in {price["base"] for price in prices}
    assert re.findall(r'data-available="(\d+)"', page) == ["9996"]
    assert "Costs {cost} of your {available} credits." in page
    assert refused_by_policy(page) == []


def test_what_cannot_be_paid_is_said_in_the_form(
    maker: Maker, client: Client, settings: object
) -> None:
    settings.TIDEGATE_WELCOME_CREDITS = 3  # type: ignore[attr-defined]  # pytest-django's fixture
    answer = client.post(
        "/studio/jobs",
        {"model": "tidegate-image", "project": str(maker.project.pk), "prompt": "a red apple"},
    )
    assert answer.status_code == 422
    assert "This needs 4 credits; the organisation has 3 available." in text_of(answer)
