"""The feed against the real database: what it shows, what it never shows, and at what price."""

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommendations.app import handlers, selectors, services
from recommendations.app.models import (
    Exposure,
    Interaction,
    Item,
    ItemVector,
    Reaction,
    ViewerState,
)
from recommendations.app.tastes import packed, unpacked
from recommendations.core.taste import Taste
from recommendations.core.triton import EmbedderUnavailable
from tests import factories as make
from tests.integration.recommendations.stage import does, embedding, listed, many, reader, shown
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset, withdraw_asset
from tidegate.contracts.assets import AssetCreated
from tidegate.events.models import Outbox
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


def taste_of(viewer: Viewer) -> Taste:
    return unpacked(ViewerState.objects.get(pk=viewer.user_id).document)


def test_a_like_turns_the_next_feed_and_the_reason_names_it() -> None:
    food = many(4, "food")
    robots = many(5, "robots")
    viewer = reader()
    does(viewer, "like", robots[0])
    first = selectors.feed(viewer).items[0]
    assert first.asset in robots
    assert first.reason.code == "liked"
    assert robots[0].title in first.reason.text
    assert food[0].pk in shown(viewer)


def test_a_like_and_its_undoing_leave_a_cold_viewer() -> None:
    robots = many(2, "robots")
    viewer = reader()
    does(viewer, "like", robots[0])
    does(viewer, "unlike", robots[0])
    assert taste_of(viewer).direction() is None
    assert Item.objects.get(pk=robots[0].pk).heat is None


def test_somebody_cold_gets_the_popular_first_and_then_the_newest() -> None:
    assets = many(4, "sea")
    for _ in range(3):
        does(reader(), "like", assets[1])
    items = selectors.feed(reader()).items
    assert items[0].asset == assets[1]
    assert items[0].reason.code == "popular"
    assert {item.asset for item in items[1:]} == {assets[3], assets[2], assets[0]}
    assert all(item.reason.text.startswith("New from ") for item in items[1:])


def test_nobody_in_particular_gets_a_feed_too_and_leaves_no_trace() -> None:
    asset = many(1, "sea")[0]
    assert shown(ANONYMOUS) == [asset.pk]
    assert not Exposure.objects.exists()


@pytest.mark.parametrize("visibility", [v for v in Visibility if v != Visibility.RELEASED])
def test_a_stale_copy_lets_nothing_through(visibility: Visibility) -> None:
    asset = listed(make.make_asset())
    Asset.objects.filter(pk=asset.pk).update(visibility=visibility)
    auditor = make.viewer_of(make.make_user(staff=["auditor"]))
    for viewer in (reader(), ANONYMOUS, auditor):
        assert shown(viewer) == []


def test_a_takedown_is_effective_on_the_next_page_of_an_open_cursor() -> None:
    assets = many(6, "sea")
    viewer = reader()
    page = selectors.feed(viewer, limit=2)
    seen = {item.asset.pk for item in page.items}
    left = [asset for asset in assets if asset.pk not in seen]
    withdraw_asset(viewer=make.viewer_of(left[0].owner), asset_id=left[0].pk)
    move_asset(asset_id=left[1].pk, to="held", actor=Actor.system("tests"), reason="reported")
    assert sorted(shown(viewer, cursor=page.next)) == sorted(asset.pk for asset in left[2:])


def test_a_hidden_asset_is_gone_from_the_next_feed_and_from_open_cursors() -> None:
    assets = many(5, "sea")
    viewer = reader()
    page = selectors.feed(viewer, limit=1)
    left = [asset for asset in assets if asset != page.items[0].asset]
    services.record_interaction(viewer=viewer, asset_id=left[0].pk, kind="hide")
    services.record_interaction(viewer=viewer, asset_id=left[1].pk, kind="report", note="no")
    kept = [asset.pk for asset in left[2:]]
    assert sorted(shown(viewer, cursor=page.next)) == sorted(kept)
    assert sorted(shown(viewer)) == sorted([*kept, page.items[0].asset.pk])
    assert len(shown(reader())) == 5


def test_one_does_not_meet_oneself() -> None:
    asset = many(1, "sea")[0]
    assert shown(make.viewer_of(asset.owner)) == []


def test_private_projects_reach_their_own_people_only() -> None:
    project = make.make_project(audience="private")
    asset = listed(make.make_asset(project))
    member = make.viewer_of(make.make_member(project.organisation))
    guest = make.viewer_of(make.make_collaborator(project).user)
    key = make.viewer_of(make.make_key(make.make_organisation())[0])
    assert shown(member) == [asset.pk]
    assert shown(guest) == [asset.pk]
    for viewer in (reader(), ANONYMOUS, key):
        assert shown(viewer) == []


def test_an_anchor_that_was_taken_down_is_no_longer_named() -> None:
    robots = many(3, "robots")
    viewer = reader()
    does(viewer, "like", robots[0])
    withdraw_asset(viewer=make.viewer_of(robots[0].owner), asset_id=robots[0].pk)
    reasons = [item.reason for item in selectors.feed(viewer).items]
    assert reasons[0].code == "taste"
    assert not any(robots[0].title in reason.text for reason in reasons)


def test_pages_of_a_slate_neither_repeat_nor_lose_anything() -> None:
    assets = many(23, "sea")
    viewer = reader()
    found: list[UUID] = []
    cursor: str | None = None
    for _ in range(10):
        page = selectors.feed(viewer, cursor=cursor, limit=5)
        found += [item.asset.pk for item in page.items]
        many(1, "sea", start=100 + len(found))
        cursor = page.next
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 23
    assert set(found) == {asset.pk for asset in assets}


def test_cursors_of_others_and_forged_ones_are_refused() -> None:
    many(5, "sea")
    cursor = selectors.feed(reader(), limit=2).next
    assert cursor is not None
    for wrong in (cursor, cursor[:-1] + "x", "", "a:b:c", "é"):
        if wrong:
            with pytest.raises(InvalidInput) as caught:
                selectors.feed(reader(), cursor=wrong)
            assert caught.value.code == "invalid_cursor"


def test_what_was_shown_is_on_record_with_its_chance() -> None:
    assets = many(3, "sea")
    viewer = reader()
    selectors.feed(viewer)
    assert viewer.user_id is not None
    rows = Exposure.objects.filter(user_id=viewer.user_id).order_by("position")
    assert [row.position for row in rows] == [1, 2, 3]
    assert {row.asset_id for row in rows} == {asset.pk for asset in assets}
    assert all(0 < row.propensity <= 1 for row in rows)


def test_what_a_feed_costs_does_not_grow_with_what_is_in_it() -> None:
    many(6, "sea")
    viewer = reader()
    does(viewer, "like", many(1, "robots")[0])
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page = selectors.feed(viewer, limit=5)
    assert len(page.items) == 5
    # One for what is known of the viewer, one per source that has something to go by, and for what
    # was found, the anchors, the slate, the gate, renditions and exposures one each.
    assert len([q for q in captured if "SAVEPOINT" not in q["sql"]]) <= 17


def test_similar_finds_the_nearest_one_per_family_and_passes_the_gate() -> None:
    sea = many(3, "sea")
    food = many(1, "food")
    again = listed(make.make_asset(prompt=sea[1].prompt), "sea", seed=1)
    gone = listed(make.make_asset(prompt="sea, withdrawn"), "sea", seed=50)
    withdraw_asset(viewer=make.viewer_of(gone.owner), asset_id=gone.pk)
    items = selectors.similar(reader(), sea[0].pk)
    found = [item.asset for item in items]
    assert len({asset.prompt for asset in found}) == len(found) == 3
    assert found[-1] == food[0]
    assert not {gone, sea[0]} & set(found)
    assert len({sea[1], again} & set(found)) == 1
    assert items[0].reason.code == "similar"


def test_similar_to_what_may_not_be_seen_does_not_exist() -> None:
    held = listed(make.make_asset(visibility="held"))
    with pytest.raises(NotFound):
        selectors.similar(reader(), held.pk)


@pytest.mark.parametrize("kind", ["view", "like", "hide", "report"])
def test_nobody_interacts_with_what_they_may_not_see(kind: str) -> None:
    held = make.make_asset(visibility="held")
    for viewer in (reader(), make.viewer_of(make.make_key(make.make_organisation())[0])):
        with pytest.raises(NotFound):
            services.record_interaction(viewer=viewer, asset_id=held.pk, kind=kind)
    with pytest.raises(NotAllowed):
        services.record_interaction(viewer=ANONYMOUS, asset_id=held.pk, kind=kind)
    assert not Interaction.objects.exists()


def test_liking_twice_is_liking_once() -> None:
    asset = many(1, "sea")[0]
    viewer = reader()
    before = Outbox.objects.count()
    first = services.record_interaction(viewer=viewer, asset_id=asset.pk, kind="like")
    second = services.record_interaction(viewer=viewer, asset_id=asset.pk, kind="like")
    assert (first.is_effective, second.is_effective) == (True, False)
    assert Outbox.objects.count() == before + 1
    assert Reaction.objects.filter(kind="like").count() == 1
    assert selectors.reactions_to(viewer, [asset.pk]) == {asset.pk: frozenset({"like", "seen"})}


def test_a_report_is_announced_for_moderation() -> None:
    asset = many(1, "sea")[0]
    services.record_interaction(viewer=reader(), asset_id=asset.pk, kind="report", note="why")
    row = Outbox.objects.latest("pk")
    assert row.type == "tidegate.interaction.recorded.v1"
    assert b'"kind":"report"' in bytes(row.value)
    assert b'"note":"why"' in bytes(row.value)


@pytest.mark.parametrize(("kind", "note"), [("love", ""), ("like", "x" * 1001), ("report", "a\0b")])
def test_wrong_interactions_are_refused_with_the_field(kind: str, note: str) -> None:
    asset = many(1, "sea")[0]
    with pytest.raises(InvalidInput):
        services.record_interaction(viewer=reader(), asset_id=asset.pk, kind=kind, note=note)


def test_nobody_makes_their_own_things_popular() -> None:
    asset = many(1, "sea")[0]
    does(make.viewer_of(asset.owner), "like", asset)
    assert Item.objects.get(pk=asset.pk).heat is None


def test_without_an_embedder_the_asset_appears_and_gets_its_vector_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(texts: list[str]) -> list[list[float]]:
        raise EmbedderUnavailable("away")

    monkeypatch.setattr("recommendations.app.embedding.vectors_of", away)
    asset = make.make_asset()
    event = AssetCreated(
        asset_id=asset.pk,
        organisation_id=asset.organisation_id,
        project_id=asset.project_id,
        owner_id=asset.owner_id,
        job_id=None,
        modality="text",
        media_type="text/plain",
        sha256="0" * 64,
        model_name="m",
        prompt=asset.prompt,
    )
    envelope = None
    vector = handlers.embed(event, envelope)  # type: ignore[arg-type]  # the handler reads the event
    handlers.asset_created(event, envelope, vector)  # type: ignore[arg-type]  # as above
    services.list_item(asset_id=asset.pk)
    viewer = reader()
    does(viewer, "like", asset)
    other = listed(make.make_asset(prompt="another"), topic=None)
    assert set(shown(viewer)) == {asset.pk, other.pk}
    assert services.embed_missing() == 0

    monkeypatch.setattr(
        "recommendations.app.embedding.vectors_of",
        lambda texts: [embedding("robots", n) for n in range(len(texts))],
    )
    assert services.embed_missing() == 2
    assert ItemVector.objects.filter(pk=asset.pk).exists()
    assert taste_of(viewer).direction() is not None


def test_folding_event_by_event_is_folding_the_whole_log() -> None:
    assets = [*many(4, "sea"), *many(3, "robots")]
    viewer = reader()
    for kind, number in [
        ("view", 0),
        ("like", 0),
        ("like", 4),
        ("hide", 5),
        ("unlike", 0),
        ("play", 2),
        ("like", 0),
    ]:
        does(viewer, kind, assets[number])
    assert viewer.user_id is not None
    live = bytes(ViewerState.objects.get(pk=viewer.user_id).document)
    rebuilt = services.refold_viewer(user_id=viewer.user_id)
    assert rebuilt is not None
    assert packed(rebuilt) == live
    assert bytes(ViewerState.objects.get(pk=viewer.user_id).document) == live


def test_an_interaction_that_was_erased_meanwhile_is_no_error() -> None:
    services.apply_interaction(interaction_id=new_id())
