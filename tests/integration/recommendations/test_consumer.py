"""From the outbox to the next feed, through the registered consumer, delivered once or often."""

from uuid import UUID

import numpy as np
import pytest

from recommendations.app import selectors, services
from recommendations.app.models import Item, ItemVector, ViewerState
from recommendations.app.tastes import unpacked
from recommendations.core.vectors import DIMENSIONS
from tests import factories as make
from tidegate.accounts.viewers import ANONYMOUS
from tidegate.assets.services import move_asset, withdraw_asset
from tidegate.contracts.assets import AssetCreated, AssetVisibilityChanged
from tidegate.contracts.envelope import decode, wrap
from tidegate.events.codec import event_of
from tidegate.events.handling import Arrived, GivenUp, Outcome, handle_all, handle_prepared
from tidegate.events.models import Outbox
from tidegate.events.registry import listener
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    def vectors_of(texts: list[str]) -> list[list[float]]:
        made = []
        for text in texts:
            vector = np.zeros(DIMENSIONS)
            vector[len(text) % DIMENSIONS] = 1.0
            made.append([float(number) for number in vector])
        return made

    monkeypatch.setattr("recommendations.app.embedding.vectors_of", vectors_of)


def arrive(value: bytes) -> Outcome:
    envelope = decode(value)
    event = event_of(envelope)
    one = Arrived(event, envelope, attempts=0, lane=event.key())
    consumer = listener("recommendations")
    if type(event) in consumer.prepares:
        return handle_prepared(consumer, one)
    return handle_all(consumer, [one])[0]


def deliver() -> None:
    """Deliver everything announced so far, all over again."""
    types = listener("recommendations").types
    for row in Outbox.objects.order_by("position"):
        if row.type in types:
            arrive(bytes(row.value))


def shown() -> list[UUID]:
    return [item.asset.pk for item in selectors.feed(ANONYMOUS).items]


def test_a_released_asset_appears_and_a_withdrawn_one_is_unlisted() -> None:
    asset = make.make_asset()
    assert shown() == []
    deliver()
    assert shown() == [asset.pk]
    item = Item.objects.get(pk=asset.pk)
    assert ItemVector.objects.filter(item=item).exists()
    assert item.released_at == asset.released_at
    withdraw_asset(viewer=make.viewer_of(asset.owner), asset_id=asset.pk)
    assert shown() == []
    deliver()
    assert not Item.objects.get(pk=asset.pk).is_listed


def test_an_interaction_that_arrives_three_times_counts_once() -> None:
    asset = make.make_asset()
    viewer = make.viewer_of(make.make_user())
    services.record_interaction(viewer=viewer, asset_id=asset.pk, kind="like")
    for _ in range(3):
        deliver()
    taste = unpacked(ViewerState.objects.get(pk=viewer.user_id).document)
    assert taste.positive_weight == pytest.approx(1.0)
    heat = Item.objects.get(pk=asset.pk).heat
    deliver()
    assert Item.objects.get(pk=asset.pk).heat == heat


def test_events_of_assets_that_never_were_become_dead_letters_at_once() -> None:
    unknown = new_id()
    created = AssetCreated(
        asset_id=unknown,
        organisation_id=new_id(),
        project_id=new_id(),
        owner_id=new_id(),
        job_id=None,
        modality="text",
        media_type="text/plain",
        sha256="0" * 64,
        model_name="m",
        prompt="p",
    )
    moved = AssetVisibilityChanged(
        asset_id=unknown,
        organisation_id=new_id(),
        project_id=new_id(),
        owner_id=new_id(),
        job_id=None,
        before="pending",
        after="released",
        version=2,
    )
    for event in (created, moved):
        forged = wrap(event, event_id=new_id(), time=now(), correlation_id=new_id())
        assert isinstance(arrive(forged.encode()), GivenUp)
    assert not Item.objects.exists()


def test_a_forged_release_lists_nothing_that_was_not_released() -> None:
    asset = make.make_asset(visibility="held")
    forged = AssetVisibilityChanged(
        asset_id=asset.pk,
        organisation_id=asset.organisation_id,
        project_id=asset.project_id,
        owner_id=asset.owner_id,
        job_id=None,
        before="held",
        after="released",
        version=99,
    )
    arrive(wrap(forged, event_id=new_id(), time=now(), correlation_id=new_id()).encode())
    assert not Item.objects.get(pk=asset.pk).is_listed
    assert shown() == []
    move_asset(asset_id=asset.pk, to="released", actor=Actor.system("tests"), reason="looked")
    deliver()
    assert shown() == [asset.pk]
