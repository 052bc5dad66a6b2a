"""What people steer: whom they follow, what they want less of, and that they be forgotten."""

import numpy as np
import pytest

from recommendations.app import selectors, services
from recommendations.app.models import (
    Exposure,
    FeedChoices,
    Follow,
    Interaction,
    Item,
    ItemVector,
    Mute,
    Reaction,
    StoredSlate,
    TogetherPair,
    ViewerState,
)
from tests import factories as make
from tests.integration.recommendations.stage import does, listed, many, reader, shown
from tidegate.accounts.viewers import ANONYMOUS
from tidegate.assets.models import Asset
from tidegate.assets.services import move_asset
from tidegate.events.models import Outbox
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


def test_less_like_this_acts_on_the_next_page_of_an_open_slate() -> None:
    robots, food = many(8, "robots"), many(8, "food")
    viewer = reader()
    does(viewer, "like", robots[0])
    does(viewer, "like", food[0])
    page = selectors.feed(viewer, limit=1)
    services.record_interaction(viewer=viewer, asset_id=robots[1].pk, kind="less")
    rest = shown(viewer, cursor=page.next, limit=100)
    assert robots[1].pk not in rest
    unwanted = np.array(ItemVector.objects.get(pk=robots[1].pk).embedding)
    for item in ItemVector.objects.filter(pk__in=rest):
        assert float(np.array(item.embedding) @ unwanted) < 0.9
    assert {asset.pk for asset in food} & set(rest)


def test_the_one_who_is_followed_comes_first_and_says_so() -> None:
    many(6, "sea")
    friend = make.make_account("friend@example.test")
    work = listed(make.make_asset(friend.project, prompt="a kite"), "food", seed=99)
    viewer = reader()
    assert services.follow(viewer=viewer, creator_id=friend.user.pk, is_following=True)
    assert not services.follow(viewer=viewer, creator_id=friend.user.pk, is_following=True)
    first = selectors.feed(viewer).items[0]
    assert (first.asset, first.reason.code) == (work, "followed")
    assert Outbox.objects.filter(type="tidegate.creator.followed.v1").count() == 1
    assert services.follow(viewer=viewer, creator_id=friend.user.pk, is_following=False)
    assert Outbox.objects.filter(type="tidegate.creator.followed.v1").count() == 2


def test_a_mute_ends_following_and_acts_on_open_slates_search_and_suggestions() -> None:
    works = many(4, "sea")
    viewer = reader()
    services.follow(viewer=viewer, creator_id=works[0].owner_id, is_following=True)
    page = selectors.feed(viewer, limit=1)
    services.mute(viewer=viewer, creator_id=works[0].owner_id, is_muted=True)
    assert not Follow.objects.exists()
    for found in (
        shown(viewer, cursor=page.next),
        shown(viewer),
        [item.asset.pk for item in selectors.search(viewer, "sea number")],
        [work.pk for one in selectors.suggested(viewer) for work in one.works],
        [item.asset.pk for item in selectors.similar(viewer, works[1].pk)],
    ):
        assert works[0].pk not in found
        assert found
    services.mute(viewer=viewer, creator_id=works[0].owner_id, is_muted=False)
    assert works[0].pk in [item.asset.pk for item in selectors.search(viewer, "sea number")]


def test_nobody_follows_themselves_a_stranger_or_without_signing_in() -> None:
    viewer = reader()
    assert viewer.user_id is not None
    with pytest.raises(InvalidInput):
        services.follow(viewer=viewer, creator_id=viewer.user_id, is_following=True)
    with pytest.raises(NotFound):
        services.follow(viewer=viewer, creator_id=new_id(), is_following=True)
    with pytest.raises(NotAllowed):
        services.mute(viewer=ANONYMOUS, creator_id=new_id(), is_muted=True)


def test_without_a_feed_of_ones_own_everybody_gets_the_same_and_nothing_is_recorded() -> None:
    robots, _food = many(3, "robots"), many(3, "food")
    viewer = reader()
    does(viewer, "like", robots[0])
    services.choose(viewer=viewer, is_personal=False)
    page = selectors.feed(viewer)
    assert not page.is_personal
    assert {item.reason.code for item in page.items} <= {"popular", "new", "explore", "language"}
    assert not Exposure.objects.exists()
    assert set(StoredSlate.objects.values_list("user_id", flat=True)) == {None}
    signal = services.Signal(asset_id=robots[1].pk, kind="view")
    assert services.notice(viewer=viewer, signals=[signal]) == 0
    services.choose(viewer=viewer, is_personal=True)
    assert selectors.feed(viewer).is_personal
    assert Exposure.objects.exists()


def test_what_its_marks_limit_goes_to_followers_and_colleagues_only() -> None:
    works = many(3, "sea")
    Asset.objects.filter(pk=works[0].pk).update(labels=["limited"])
    viewer, follower = reader(), reader()
    services.follow(viewer=follower, creator_id=works[0].owner_id, is_following=True)
    colleague = make.viewer_of(make.make_member(works[0].organisation))
    for who, sees in ((viewer, False), (ANONYMOUS, False), (follower, True), (colleague, True)):
        for found in (
            shown(who),
            [item.asset.pk for item in selectors.search(who, "sea number")],
            [item.asset.pk for item in selectors.similar(who, works[1].pk)],
        ):
            assert (works[0].pk in found) is sees
            assert works[2].pk in found


def test_what_is_covered_says_so_and_can_be_left_out() -> None:
    works = many(3, "sea")
    Asset.objects.filter(pk=works[0].pk).update(labels=["sensitive"], rating="mature")
    viewer = reader()
    covered = {item.asset.pk: item.is_covered for item in selectors.feed(viewer).items}
    assert covered == {works[0].pk: True, works[1].pk: False, works[2].pk: False}
    services.choose(viewer=viewer, hides_covered=True)
    assert works[0].pk not in shown(viewer)
    services.choose(viewer=viewer, hides_covered=False, rating="teen")
    assert works[0].pk not in shown(viewer)
    services.choose(viewer=viewer, rating="mature")
    assert works[0].pk in shown(viewer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rating": "x"},
        {"languages": ["x" * 13]},
        {"languages": ["en"] * 21},
        {"silenced": ["what"]},
        {"silenced": ["tag:x"] * 201},
    ],
)
def test_choices_that_mean_nothing_are_refused_and_change_nothing(wrong: dict[str, object]) -> None:
    viewer = reader()
    with pytest.raises(InvalidInput):
        services.choose(viewer=viewer, **wrong)  # type: ignore[arg-type]  # wrong on purpose
    assert not FeedChoices.objects.exists()


def test_interests_are_named_and_one_that_is_silenced_counts_for_nothing() -> None:
    robots = many(2, "robots")
    viewer = reader()
    does(viewer, "like", robots[0])
    found = {one.facet: one for one in selectors.interests_of(viewer).interests}
    assert found["tag:robots"].weight > 0
    assert found[f"creator:{robots[0].owner_id}"].name == robots[0].owner.display_name
    services.choose(viewer=viewer, silenced=["tag:robots"])
    again = {one.facet: one for one in selectors.interests_of(viewer).interests}
    assert again["tag:robots"].is_silenced
    page = selectors.feed(viewer)
    assert page.slate_id is not None
    place = next(item.asset.pk for item in page.items if item.asset == robots[1])
    grounds = {ground.feature for ground in selectors.why(viewer, page.slate_id, place).grounds}
    assert "taste" in grounds


def test_beginning_anew_forgets_the_taste_and_keeps_likes_and_hides() -> None:
    robots = many(3, "robots")
    viewer = reader()
    does(viewer, "like", robots[0])
    does(viewer, "hide", robots[1])
    services.reset_interests(viewer=viewer)
    assert selectors.interests_of(viewer).deeds == 0
    codes = {item.reason.code for item in selectors.feed(viewer).items}
    assert codes <= {"new", "explore", "language"}
    assert robots[1].pk not in shown(viewer)
    assert "like" in selectors.reactions_to(viewer, [robots[0].pk])[robots[0].pk]
    does(viewer, "like", robots[2])
    assert selectors.interests_of(viewer).deeds == 1


def test_why_names_source_grounds_and_chance_of_ones_own_slates_only() -> None:
    robots = many(4, "robots")
    viewer = reader()
    does(viewer, "like", robots[0])
    page = selectors.feed(viewer)
    assert page.slate_id is not None
    item = next(one for one in page.items if one.asset != robots[0])
    found = selectors.why(viewer, page.slate_id, item.asset.pk)
    assert found.reason == item.reason
    assert found.position == item.position
    assert {"taste", "fresh"} <= {ground.feature for ground in found.grounds}
    assert found.visibility == "released"
    with pytest.raises(NotFound):
        selectors.why(reader(), page.slate_id, item.asset.pk)
    with pytest.raises(NotFound):
        selectors.why(viewer, page.slate_id, new_id())
    move_asset(asset_id=item.asset.pk, to="held", actor=Actor.system("tests"), reason="x")
    with pytest.raises(NotFound):
        selectors.why(viewer, page.slate_id, item.asset.pk)


def test_who_is_forgotten_leaves_nothing_and_everybody_else_what_they_had() -> None:
    works = many(4, "robots")
    other, viewer = reader(), reader()
    does(other, "like", works[0])
    does(other, "like", works[1])
    services.count_together()
    heat = dict(Item.objects.values_list("pk", "heat"))
    pairs = _pairs()
    for work in works[:3]:
        does(viewer, "like", work)
    does(viewer, "unlike", works[2])
    does(viewer, "save", works[3])
    does(viewer, "hide", works[2])
    services.follow(viewer=viewer, creator_id=works[0].owner_id, is_following=True)
    services.mute(viewer=viewer, creator_id=works[1].owner_id, is_muted=True)
    services.choose(viewer=viewer, rating="teen", is_personal=False)
    shown(viewer)
    services.choose(viewer=viewer, is_personal=True)
    shown(viewer)
    services.count_together()
    assert _pairs() != pairs
    receipt = services.forget_person(viewer=viewer)
    assert receipt["interactions"] == 6
    for model in (Interaction, Reaction, Exposure, StoredSlate, ViewerState, FeedChoices, Mute):
        left = set(model.objects.values_list("user_id", flat=True))
        assert viewer.user_id not in left, model
    assert not StoredSlate.objects.filter(bound_to=viewer.user_id).exists()
    assert not Follow.objects.exists()
    for key, value in Item.objects.values_list("pk", "heat"):
        assert value == pytest.approx(heat[key], abs=1e-6) if heat[key] is not None else not value
    assert _pairs() == pytest.approx(pairs, abs=1e-6)
    assert set(services.forget_person(viewer=viewer).values()) == {0}


def test_what_is_excluded_is_in_no_page() -> None:
    works = many(5, "sea")
    viewer = reader()
    out = [works[0].pk, works[1].pk]
    page = selectors.feed(viewer, limit=1, exclude=out)
    assert not set(out) & {item.asset.pk for item in page.items}
    late = works[2].pk
    assert late not in shown(viewer, cursor=page.next, exclude=[late])
    with pytest.raises(InvalidInput):
        selectors.feed(viewer, exclude=[new_id() for _ in range(501)])


def test_a_catalogue_holds_one_organisations_works_only() -> None:
    works = many(3, "sea")
    viewer = reader()
    own = shown(viewer, catalogue=works[1].organisation_id)
    assert own == [works[1].pk]
    found = selectors.search(viewer, "sea", catalogue=works[1].organisation_id)
    assert [item.asset for item in found] == [works[1]]


def test_search_finds_by_words_in_both_scripts_and_nothing_held() -> None:
    harbour = listed(make.make_asset(prompt="A harbour at night"), None)
    tower = listed(make.make_asset(prompt="一座夜晚的灯塔"), None)
    listed(make.make_asset(prompt="harbour, held", visibility="held"), None)
    viewer = reader()
    assert [item.asset for item in selectors.search(viewer, "HARBOUR night")] == [harbour]
    assert [item.asset for item in selectors.search(viewer, "灯塔")] == [tower]
    assert selectors.search(viewer, "'; DROP TABLE & | !") == []
    for words in ("", "  ", "x" * 401, "a\0b"):
        with pytest.raises(InvalidInput):
            selectors.search(viewer, words)


def test_saved_works_are_kept_in_order_and_gone_when_taken_down() -> None:
    works = many(3, "sea")
    viewer = reader()
    for work in works:
        does(viewer, "save", work)
    does(viewer, "unsave", works[1])
    assert selectors.saved(viewer) == [works[2], works[0]]
    assert selectors.saved(viewer, before=works[2].pk) == [works[0]]
    move_asset(asset_id=works[2].pk, to="held", actor=Actor.system("tests"), reason="x")
    assert selectors.saved(viewer) == [works[0]]


def test_creators_are_suggested_by_works_and_not_once_followed() -> None:
    works = many(3, "sea")
    viewer = reader()
    names = {one.creator.pk for one in selectors.suggested(viewer)}
    assert names == {work.owner_id for work in works}
    services.follow(viewer=viewer, creator_id=works[0].owner_id, is_following=True)
    again = selectors.suggested(viewer)
    assert works[0].owner_id not in {one.creator.pk for one in again}


def _pairs() -> dict[tuple[str, str], float]:
    rows = TogetherPair.objects.values_list("item_id", "other_id", "weight")
    return {(str(item), str(other)): weight for item, other, weight in rows}
