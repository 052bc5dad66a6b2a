"""From the outbox over a real broker to the verdict."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from django.db import transaction

from moderation.app.engine import Engine
from moderation.app.models import Verdict
from tests import factories
from tests.fakes.detectors import FakeDetectors
from tests.integration.events.support import consuming, eventually, given_up, relaying
from tests.integration.moderation import stage
from tidegate.assets.models import Asset
from tidegate.events import registry
from tidegate.events.services import announce
from tidegate.primitives.ids import new_id
from tidegate.stack.broker import SESSION_TIMEOUT_MS
from tidegate.streams.config import KafkaConfig

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flowing(broker: str, engine: Engine) -> Iterator[None]:
    """A relay and the consumer "moderation" at work."""
    config = KafkaConfig((broker,), session_timeout_ms=SESSION_TIMEOUT_MS)
    with ExitStack() as life:
        life.enter_context(relaying(config))
        life.enter_context(consuming(config, registry.listener("moderation")))
        yield


def test_every_asset_gets_one_verdict_over_an_outage_and_none_is_lost(
    flowing: None, detectors: FakeDetectors
) -> None:
    project = factories.make_project()
    contents = ["Still water.", "hatemaybe", "hatemark"] * 8
    detectors.everything_down()
    for number, content in enumerate(contents[:12]):
        factories.make_asset(project, visibility="pending", text=f"{content} {number}")
    eventually(lambda: detectors.asked.total() > 0, what="the outage was met")
    assert not Verdict.objects.filter(verdict="release").exists()
    detectors.down.clear()
    for number, content in enumerate(contents[12:], start=12):
        factories.make_asset(project, visibility="pending", text=f"{content} {number}")
    eventually(
        lambda: not Asset.objects.filter(visibility="pending").exists(), what="all are judged"
    )
    states = Counter(Asset.objects.values_list("visibility", flat=True))
    assert states == {"released": 8, "held": 8, "blocked": 8}
    assert Verdict.objects.count() == 24
    assert not given_up().exists()


def test_a_forged_creation_becomes_a_dead_letter_and_moves_nothing(
    flowing: None, engine: Engine
) -> None:
    asset = stage.pending()
    event, _ = stage.created(asset)
    with transaction.atomic():
        announce(replace(event, asset_id=new_id()))
    eventually(lambda: given_up().exists(), what="a dead letter")
    eventually(lambda: stage.visibility(asset) == "released", what="the real one is judged")
    assert Verdict.objects.count() == 1
