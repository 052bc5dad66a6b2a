"""What clients notice: taken many at a time, folded once, and never about what may not be seen."""

from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from django.core.management import call_command

from recommendations.app import selectors, services
from recommendations.app.models import (
    CommonDirection,
    Exposure,
    Interaction,
    Item,
    ItemVector,
    Progress,
    RankingModel,
    StoredSlate,
    TogetherPair,
    ViewerState,
)
from recommendations.app.ranker import common_in_force, forget_model, model_in_force
from recommendations.app.selectors import retrieval
from recommendations.app.services import commons, folding, rebuilding, training
from recommendations.app.tastes import unpacked
from recommendations.core.vectors import unit
from tests import factories as make
from tests.integration.recommendations.stage import does, many, reader, shown
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.assets.models import Asset
from tidegate.contracts.envelope import decode
from tidegate.contracts.interactions import SignalNoticed
from tidegate.events import direct
from tidegate.events.codec import event_of
from tidegate.events.models import Outbox
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput, NotAllowed
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


def arrived(
    viewer: Viewer,
    asset: Asset,
    kind: str,
    *,
    at: datetime | None = None,
    ms: int | None = None,
    slate: UUID | None = None,
) -> services.Arrived:
    assert viewer.user_id is not None
    event = SignalNoticed(
        signal_id=new_id(),
        viewer_id=viewer.user_id,
        asset_id=asset.pk,
        kind=kind,  # type: ignore[arg-type]  # of the tests
        slate_id=slate,
        dwell_ms=ms,
    )
    return services.Arrived(event, at or now())


def test_a_batch_counts_a_visit_once_and_a_short_look_not_at_all() -> None:
    works = many(3, "sea")
    viewer, moment = reader(), now()
    services.take_signals(
        arrived=[
            arrived(viewer, works[0], "view", at=moment),
            arrived(viewer, works[0], "view", at=moment + timedelta(minutes=5)),
            arrived(viewer, works[1], "dwell", ms=800),
            arrived(viewer, works[2], "dwell", ms=9_000),
        ]
    )
    kept = Interaction.objects.order_by("asset_id", "at").values_list("kind", "is_effective")
    assert sorted(kept) == [
        ("dwell", False),
        ("dwell", True),
        ("view", False),
        ("view", True),
    ]
    taste = unpacked(ViewerState.objects.get(pk=viewer.user_id).document)
    assert {touch.asset_id for touch in taste.touched} == {works[0].pk, works[2].pk}
    services.take_signals(arrived=[arrived(viewer, works[0], "view")])
    assert Interaction.objects.filter(is_effective=True).count() == 2


def test_ones_own_and_what_is_gone_leaves_nothing() -> None:
    work = many(1, "sea")[0]
    author = make.viewer_of(work.owner)
    services.take_signals(arrived=[arrived(author, work, "view")])
    gone = arrived(reader(), work, "view")
    lost = services.Arrived(
        SignalNoticed(
            signal_id=new_id(),
            viewer_id=gone.event.viewer_id,
            asset_id=new_id(),
            kind="view",
            slate_id=None,
            dwell_ms=None,
        ),
        now(),
    )
    services.take_signals(arrived=[lost])
    assert not Interaction.objects.exists()


def test_what_comes_faster_than_a_person_acts_is_kept_and_moves_nothing() -> None:
    works = many(3, "sea")
    viewer = reader()
    assert viewer.user_id is not None
    moment = now()
    Interaction.objects.bulk_create(
        Interaction(user_id=viewer.user_id, asset=works[0], kind="view", at=moment)
        for _ in range(121)
    )
    services.take_signals(arrived=[arrived(viewer, works[1], "view", at=moment)])
    assert Interaction.objects.filter(asset=works[1], is_effective=False).count() == 1
    assert Item.objects.get(pk=works[1].pk).heat is None


def test_an_impression_says_how_long_it_was_looked_at() -> None:
    work = many(1, "sea")[0]
    viewer = reader()
    page = selectors.feed(viewer)
    for ms in (1_200, 4_000, 2_000):
        services.take_signals(
            arrived=[arrived(viewer, work, "impression", ms=ms, slate=page.slate_id)]
        )
    assert Exposure.objects.get().looked_ms == 4_000
    assert not Interaction.objects.exists()


def test_only_what_may_be_seen_is_taken_and_the_outbox_takes_it_while_the_broker_is_away() -> None:
    works = many(2, "sea")
    held = make.make_asset(visibility="held")
    viewer = reader()
    before = Outbox.objects.count()
    signals = [
        services.Signal(asset_id=key, kind="view") for key in (works[0].pk, held.pk, new_id())
    ]
    direct.close()
    # The broker of these tests is not there: nothing listens at its address.
    assert services.notice(viewer=viewer, signals=signals) == 1
    rows = list(Outbox.objects.order_by("position")[before:])
    assert [row.type for row in rows] == ["tidegate.signal.noticed.v1"]
    event = event_of(decode(bytes(rows[0].value)))
    assert (event.asset_id, event.viewer_id) == (works[0].pk, viewer.user_id)
    own = make.viewer_of(works[1].owner)
    assert services.notice(viewer=own, signals=[services.Signal(works[1].pk, "view")]) == 0
    with pytest.raises(NotAllowed):
        services.notice(viewer=ANONYMOUS, signals=signals)


@pytest.mark.parametrize(
    "signal",
    [
        services.Signal(new_id(), "like"),
        services.Signal(new_id(), "dwell", dwell_ms=-1),
        services.Signal(new_id(), "dwell", dwell_ms=3_600_001),
    ],
)
def test_a_signal_that_means_nothing_is_refused_with_its_place(signal: services.Signal) -> None:
    fine = services.Signal(new_id(), "view")
    with pytest.raises(InvalidInput) as refused:
        services.notice(viewer=reader(), signals=[fine, signal])
    assert refused.value.errors[0].pointer.startswith("/signals/1/")
    with pytest.raises(InvalidInput):
        services.notice(viewer=reader(), signals=[fine] * 501)


def test_what_others_went_on_to_is_recommended_with_what_it_follows_from() -> None:
    sea, food = many(2, "sea"), many(6, "food")
    for _ in range(6):
        one = reader()
        does(one, "like", sea[0])
        does(one, "like", food[3])
    assert services.count_together() == 12
    assert services.count_together() == 0
    viewer = reader()
    does(viewer, "like", sea[0])
    found = {item.asset.pk: item.reason for item in selectors.feed(viewer).items}
    assert found[food[3].pk].code == "together"
    assert sea[0].title in found[food[3].pk].text


def test_counting_goes_on_where_it_stopped_and_comes_to_the_same() -> None:
    works = many(4, "sea")
    people = [reader() for _ in range(3)]
    for person in people:
        does(person, "like", works[0])
        does(person, "view", works[1])
    services.count_together()
    for person in people:
        does(person, "play", works[2])
    services.count_together()
    step_by_step = _pairs()
    TogetherPair.objects.all().delete()
    Progress.objects.all().delete()
    services.count_together()
    assert _pairs() == pytest.approx(step_by_step, abs=1e-9)
    places = Interaction.objects.values_list("folded_as", flat=True)
    assert folding.settled_place() == max(place for place in places if place is not None)


def test_a_rebuild_comes_to_what_was_there_and_goes_on_where_it_was_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    works = many(4, "robots")
    people = [reader() for _ in range(3)]
    for person in people:
        for kind, number in (("view", 0), ("like", 1), ("save", 2), ("unlike", 1), ("hide", 3)):
            does(person, kind, works[number])
    tastes = dict(ViewerState.objects.values_list("pk", "document"))
    heat = dict(Item.objects.values_list("pk", "heat"))
    tags = dict(Item.objects.values_list("pk", "tags"))
    ViewerState.objects.update(document=b"")
    Item.objects.update(heat=None, tags=[])
    monkeypatch.setattr(rebuilding, "_BATCH", 2)
    steps = rebuilding.rebuild()
    for _ in range(4):
        next(steps)
    del steps
    done = [name for name, _, _ in rebuilding.rebuild()]
    assert "items" not in done[2:]
    assert {key: bytes(value) for key, value in _states()} == {
        key: bytes(value) for key, value in tastes.items()
    }
    assert dict(Item.objects.values_list("pk", "heat")) == heat
    assert dict(Item.objects.values_list("pk", "tags")) == tags
    assert not Progress.objects.filter(name__startswith="rebuild").exists()
    call_command("rebuild_recommendations", from_start=True)
    assert dict(Item.objects.values_list("pk", "heat")) == heat


def test_a_state_that_was_lost_is_folded_anew_by_the_next_deed() -> None:
    works = many(3, "robots")
    viewer, twin = reader(), reader()
    for person in (viewer, twin):
        does(person, "like", works[0])
        does(person, "like", works[1])
    ViewerState.objects.filter(pk=viewer.user_id).update(document=b"\x09from elsewhere")
    assert shown(viewer)
    does(viewer, "like", works[2])
    taste = unpacked(ViewerState.objects.get(pk=viewer.user_id).document)
    assert [like.asset_id for like in taste.liked] == [works[n].pk for n in (2, 1, 0)]


def test_a_remix_turns_its_author_to_what_it_was_made_from() -> None:
    parent = many(1, "sea")[0]
    child = make.make_asset(prompt="sea again", parent=parent)
    services.create_item(asset_id=child.pk, vector=None)
    services.create_item(asset_id=child.pk, vector=None)
    done = Interaction.objects.get()
    assert (done.kind, done.user_id, done.asset_id) == ("remix", child.owner_id, parent.pk)
    assert Item.objects.get(pk=parent.pk).heat is not None


def test_a_place_of_exploration_uses_the_budget_and_what_comes_of_it_is_counted() -> None:
    works = many(8, "sea")
    viewer = reader()
    page = selectors.feed(viewer)
    tried = [item.asset for item in page.items if item.reason.code == "explore"]
    assert tried
    assert dict(Item.objects.values_list("pk", "shown")) == {
        work.pk: int(work in tried) for work in works
    }
    does(viewer, "view", tried[0])
    does(viewer, "like", tried[0])
    assert Item.objects.get(pk=tried[0].pk).wins == 1
    Item.objects.update(shown=100)
    again = selectors.feed(reader())
    assert not [item for item in again.items if item.reason.code == "explore"]


def test_slates_and_exposures_go_when_their_time_is_over() -> None:
    many(2, "sea")
    viewer = reader()
    for personal in (True, False):
        services.choose(viewer=viewer, is_personal=personal)
        shown(viewer)
    assert services.forget_exposures() == 0
    StoredSlate.objects.update(at=now() - timedelta(days=2))
    assert services.forget_exposures() == 1
    assert StoredSlate.objects.get().user_id == viewer.user_id
    Exposure.objects.update(at=now() - timedelta(days=91))
    assert services.forget_exposures() == 2


def test_nothing_is_repeated_while_there_is_anything_else() -> None:
    many(6, "sea")
    viewer = reader()
    first = [item.asset.pk for item in selectors.feed(viewer, limit=3).items]
    second = shown(viewer, limit=3)
    assert not set(first) & set(second)
    assert set(shown(viewer)) == {*first, *second}


def test_the_model_learns_from_what_was_looked_at_and_only_a_better_one_takes_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    works = many(10, "sea")
    monkeypatch.setattr(training, "FEWEST", 60)
    for number in range(24):
        viewer = reader()
        page = selectors.feed(viewer, limit=5)
        for item in page.items:
            signal = arrived(viewer, item.asset, "impression", ms=2_000, slate=page.slate_id)
            services.take_signals(arrived=[signal])
        if number % 2:
            does(viewer, "view", page.items[0].asset)
    assert services.train_ranking() is None  # what may still follow is not learnt from yet
    _age(timedelta(hours=1))
    made = services.train_ranking()
    assert made is not None
    assert made.figures["examples"] + made.figures["held_out"] == 120
    before, after = made.figures["before"], made.figures["after"]
    assert made.is_in_force is (after["log_loss"] <= before["log_loss"])
    forget_model()
    assert model_in_force().version == (str(made.pk) if made.is_in_force else "prior")
    assert services.train_ranking() is None
    RankingModel.objects.all().delete()
    forget_model()
    assert works


def test_what_items_have_in_common_is_measured_once_there_are_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many(3, "sea")
    assert services.measure_commons() is None
    forget_model()
    assert common_in_force() is None
    monkeypatch.setattr(commons, "FEWEST_IN_COMMON", 3)
    first = services.measure_commons()
    again = services.measure_commons()
    assert first is not None
    assert again is not None
    assert again.items == 3
    assert CommonDirection.objects.get().pk == again.pk
    forget_model()
    common = common_in_force()
    assert common is not None
    vectors = np.array([row.embedding for row in ItemVector.objects.all()], dtype=np.float32)
    mean = unit(vectors.mean(axis=0))
    assert mean is not None
    assert float(common @ mean) == pytest.approx(1.0, abs=1e-4)
    # A viewer's page is made with it.
    viewer = reader()
    does(viewer, "like", many(1, "sea", start=7)[0])
    assert retrieval.candidates_for(viewer, retrieval.Wish()).viewer.common is common
    CommonDirection.objects.all().delete()
    forget_model()


def _age(by: timedelta) -> None:
    for model in (Exposure, Interaction):
        for row in model.objects.all():
            row.at -= by
            row.save(update_fields=["at"])


def _states() -> list[tuple[UUID, bytes]]:
    return [(key, bytes(value)) for key, value in ViewerState.objects.values_list("pk", "document")]


def _pairs() -> dict[tuple[str, str], float]:
    rows = TogetherPair.objects.values_list("item_id", "other_id", "weight")
    return {(str(item), str(other)): weight for item, other, weight in rows}
