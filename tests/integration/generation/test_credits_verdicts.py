"""The charge follows the verdict."""

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings

from generation.app import board, handlers, services
from generation.core import pricing
from tests.integration.generation.maker import Maker
from tests.integration.generation.paying import (
    PRICE,
    WELCOME,
    assert_no_drift,
    asset_of,
    cost_of,
    deliver,
    finished,
    left,
    moved,
)
from tidegate.audit.models import Entry as AuditEntry
from tidegate.contracts.assets import AssetVisibilityChanged
from tidegate.contracts.envelope import decode
from tidegate.events.codec import event_of
from tidegate.events.errors import CannotHeal
from tidegate.events.models import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is published: there is no Valkey."""
    monkeypatch.setattr(board, "publish", lambda *_: None)


@pytest.mark.parametrize("verdict", ["released", "held"])
def test_what_is_released_or_held_stays_charged(maker: Maker, verdict: str) -> None:
    job = finished(maker)
    moved(asset_of(job), verdict)
    deliver()
    assert cost_of(job) == (PRICE, 0, "")


@pytest.mark.parametrize(
    ("ways", "came_to"),
    [
        (["blocked"], (0, PRICE, "blocked_by_policy")),
        (["held", "blocked"], (0, PRICE, "blocked_by_policy")),
        (["released", "held", "blocked"], (PRICE, 0, "")),
        (["blocked", "released"], (PRICE, 0, "blocked_by_policy")),
        (["blocked", "released", "held", "blocked"], (PRICE, 0, "blocked_by_policy")),
    ],
)
def test_the_charge_follows_the_verdict_however_often_it_is_told(
    maker: Maker, ways: list[str], came_to: tuple[int, int, str]
) -> None:
    job = finished(maker)
    moved(asset_of(job), *ways)
    deliver(times=2)
    assert cost_of(job) == came_to
    assert left(maker) == (WELCOME - came_to[0], 0)
    assert_no_drift()


def test_a_move_that_is_told_again_under_another_id_does_nothing(maker: Maker) -> None:
    job = finished(maker)
    moved(asset_of(job), "blocked", "released")
    deliver()
    for row in Outbox.objects.filter(type=AssetVisibilityChanged.TYPE).order_by("position"):
        envelope = decode(bytes(row.value))
        event: Any = event_of(envelope)
        handlers.settle_verdict(event, envelope, handlers.find_ruling(event, envelope))
    assert cost_of(job)[:2] == (PRICE, 0)


def test_a_refund_is_on_the_trail(maker: Maker) -> None:
    job = finished(maker)
    moved(asset_of(job), "blocked")
    deliver()
    told = AuditEntry.objects.get(action="credits.refunded", subject_id=str(job.pk))
    assert (told.reason, told.correlation_id) == ("blocked_by_policy", job.correlation_id)


@pytest.fixture
def rate(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Sets one share of the refund rates."""

    def change(reason: str, share: str) -> None:
        rates = pricing.refund_rates()
        changed = {**rates, pricing.Reason(reason): Fraction(share)}
        monkeypatch.setattr(pricing, "refund_rates", lambda: changed)

    return change


def test_the_rates_are_data(maker: Maker, rate: Callable[[str, str], None]) -> None:
    rate("cancelled_before_start", "0.5")
    rate("blocked_by_policy", "0.25")
    rate("released_on_appeal", "0")
    stopped = maker.asks()
    services.cancel_job(viewer=maker.viewer, job_id=stopped.pk)
    assert cost_of(stopped) == (2, 2, "cancelled_before_start")
    job = finished(maker)
    moved(asset_of(job), "blocked", "released")
    deliver()
    assert cost_of(job) == (3, 1, "blocked_by_policy")
    assert_no_drift()


@override_settings(TIDEGATE_WELCOME_CREDITS=PRICE)
def test_an_appeal_never_takes_more_than_there_is(maker: Maker) -> None:
    first = finished(maker)
    moved(asset_of(first), "blocked")
    deliver()
    finished(maker, prompt="another")
    moved(asset_of(first), "released")
    deliver()
    assert cost_of(first)[:2] == (0, PRICE)
    assert left(maker) == (0, 0)
    assert_no_drift()


def test_an_event_about_no_asset_is_buried(maker: Maker) -> None:
    job = finished(maker)
    moved(asset_of(job), "blocked")
    row = Outbox.objects.get(type=AssetVisibilityChanged.TYPE)
    document = json.loads(bytes(row.value))
    document["data"]["asset_id"] = str(UUID(int=1))
    envelope = decode(json.dumps(document).encode())
    event: Any = event_of(envelope)
    with pytest.raises(CannotHeal):
        handlers.find_ruling(event, envelope)
