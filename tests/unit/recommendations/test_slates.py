from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import pytest

from recommendations.core.candidates import Candidate, Place, Source
from recommendations.core.heat import heated
from recommendations.core.ranking import Perspective
from recommendations.core.slates import EXPLORE_EVERY, compose
from recommendations.core.vectors import DIMENSIONS, Vector, unit

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROOT = UUID(int=7)


def towards(*axes: int, seed: int = 0) -> Vector:
    """Return a direction near some axes, the first most of all, slightly its own."""
    noise = np.random.default_rng(seed).normal(0, 0.02, DIMENSIONS)
    noise[list(axes)] += 1.0
    noise[axes[0]] += 1.0
    made = unit(noise.astype(np.float32))
    assert made is not None
    return made


def candidate(
    number: int,
    *,
    vector: Vector | None = None,
    owner: int | None = None,
    family: str | None = None,
    likes: int = 0,
    hours: float = 1,
    is_seen: bool = False,
) -> Candidate:
    heat = None
    for _ in range(likes):
        heat = heated(heat, "like", NOW)
    return Candidate(
        asset_id=uuid5(ROOT, f"asset {number}"),
        owner_id=uuid5(ROOT, f"owner {number if owner is None else owner}"),
        family=family or f"family {number}",
        released_at=NOW - timedelta(hours=hours),
        heat=heat,
        vector=vector,
        is_seen=is_seen,
    )


def slate(
    candidates: Sequence[Candidate],
    direction: Vector | None = None,
    *,
    seed: int = 1,
    length: int = 50,
    anchors: dict[UUID, Vector] | None = None,
) -> list[Place]:
    viewer = Perspective(direction=direction, anchors=anchors or {})
    return list(compose(candidates, viewer, now=NOW, seed=seed, length=length).places)


def ids(places: Sequence[Place]) -> list[UUID]:
    return [place.asset_id for place in places]


def test_nothing_makes_an_empty_slate() -> None:
    assert slate([]) == []


def test_a_cold_viewer_gets_what_is_popular_then_the_newest() -> None:
    old, new = candidate(1, hours=48), candidate(2, hours=1)
    hot, hotter = candidate(3, likes=3, hours=90), candidate(4, likes=9, hours=90)
    places = slate([old, new, hot, hotter])
    assert ids(places) == ids_of(hotter, hot, new, old)
    assert [place.source for place in places] == [
        Source.POPULAR,
        Source.POPULAR,
        Source.NEW,
        Source.NEW,
    ]


def ids_of(*candidates: Candidate) -> list[UUID]:
    return [one.asset_id for one in candidates]


def test_what_is_close_to_the_taste_leads_and_names_the_like_it_follows_from() -> None:
    taste = towards(0)
    anchor = uuid5(ROOT, "liked")
    close, far = candidate(1, vector=towards(0, seed=3)), candidate(2, vector=towards(9, seed=4))
    places = slate([far, close], taste, anchors={anchor: towards(0, seed=5)})
    assert ids(places) == ids_of(close, far)
    assert places[0].source is Source.LIKED
    assert places[0].anchor_id == anchor
    assert places[1].source is Source.NEW


def test_all_seeds_of_one_prompt_are_one_place() -> None:
    seeds = [candidate(n, family="same", vector=towards(0, n)) for n in range(5)]
    assert len(slate(seeds, towards(0))) == 1


def test_two_items_that_mean_the_same_are_one_place() -> None:
    twins = [candidate(1, vector=towards(0)), candidate(2, vector=towards(0))]
    assert len(slate(twins, towards(0))) == 1


def test_one_creator_does_not_fill_the_top() -> None:
    loud = [candidate(n, owner=1, vector=towards(0, 10 + n, seed=n)) for n in range(8)]
    quiet = [candidate(20 + n, vector=towards(0, 30 + n, 31 + n, seed=40 + n)) for n in range(4)]
    places = slate([*loud, *quiet], towards(0))
    top = {place.asset_id for place in places[:5]}
    assert len(top & set(ids_of(*quiet))) >= 2


def test_what_was_opened_already_sinks() -> None:
    opened = candidate(1, vector=towards(0, 5), is_seen=True)
    unopened = candidate(2, vector=towards(0, 6))
    assert ids(slate([opened, unopened], towards(0)))[0] == unopened.asset_id


def _mixed() -> list[Candidate]:
    near = [candidate(n, vector=towards(0, 100 + n, seed=n)) for n in range(30)]
    far = [candidate(50 + n, vector=towards(200 + n, seed=n)) for n in range(30)]
    return [*near, *far]


def test_every_sixth_place_explores_and_says_with_which_chance() -> None:
    places = slate(_mixed(), towards(0))
    explored = [n for n, place in enumerate(places) if place.source is Source.EXPLORE]
    assert explored[:3] == [EXPLORE_EVERY - 1, 2 * EXPLORE_EVERY - 1, 3 * EXPLORE_EVERY - 1]
    for number, place in enumerate(places):
        if number in explored:
            assert 0 < place.propensity < 1
        else:
            assert place.propensity == 1.0


def test_the_same_seed_gives_the_same_slate_and_another_explores_elsewhere() -> None:
    taste = towards(0)
    assert slate(_mixed(), taste, seed=5) == slate(_mixed(), taste, seed=5)
    assert ids(slate(_mixed(), taste, seed=5)) != ids(slate(_mixed(), taste, seed=6))


def test_items_without_a_vector_still_find_a_place() -> None:
    fresh = [candidate(n) for n in range(3)]
    places = slate(fresh, towards(0))
    assert sorted(ids(places)) == sorted(ids_of(*fresh))
    assert {place.source for place in places} == {Source.NEW}


@pytest.mark.parametrize("length", [0, 1, 7])
def test_a_slate_is_never_longer_than_asked_and_never_repeats(length: int) -> None:
    places = slate(_mixed(), towards(0), length=length)
    assert len(places) == length
    assert len(set(ids(places))) == length


def test_a_like_is_no_reason_for_itself() -> None:
    liked = candidate(1, vector=towards(0, seed=2))
    taste = liked.vector
    places = slate([liked], taste, anchors={liked.asset_id: towards(0, seed=2)})
    assert places[0].anchor_id is None
