from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import pytest

from recommendations.core.taste import HALF_LIFE, REMEMBERED_LIKES, Deed, Taste, fold
from recommendations.core.vectors import DIMENSIONS, Vector

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROOT = UUID(int=1)


def axis(number: int) -> Vector:
    made = np.zeros(DIMENSIONS, dtype=np.float32)
    made[number] = 1.0
    return made


def deed(kind: str, number: int, *, minutes: float = 0, undoes: float | None = None) -> Deed:
    return Deed(
        kind=kind,
        asset_id=uuid5(ROOT, str(number)),
        at=NOON + timedelta(minutes=minutes),
        vector=axis(number),
        undoes=None if undoes is None else NOON + timedelta(minutes=undoes),
    )


def folded(*deeds: Deed) -> Taste:
    taste = Taste.blank(NOON)
    for one in deeds:
        taste = fold(taste, one)
    return taste


def test_somebody_who_did_nothing_has_no_direction() -> None:
    assert Taste.blank(NOON).direction() is None


@pytest.mark.parametrize("kind", ["view", "play", "like"])
def test_what_somebody_enjoys_is_where_they_look(kind: str) -> None:
    direction = folded(deed(kind, 3)).direction()
    assert direction is not None
    assert direction[3] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["hide", "report"])
def test_dislikes_alone_give_no_direction(kind: str) -> None:
    assert folded(deed(kind, 3)).direction() is None


def test_what_was_hidden_pushes_the_direction_away() -> None:
    direction = folded(deed("like", 1), deed("hide", 2)).direction()
    assert direction is not None
    assert direction[1] > 0 > direction[2]


def test_an_unlike_leaves_what_was_before_the_like() -> None:
    before = folded(deed("like", 1))
    after = fold(fold(before, deed("like", 2, minutes=5)), deed("unlike", 2, minutes=90, undoes=5))
    direction = after.direction()
    assert direction is not None
    assert direction[1] == pytest.approx(1.0, abs=1e-5)
    assert abs(direction[2]) < 1e-5
    assert [like.asset_id for like in after.liked] == [deed("like", 1).asset_id]


def test_old_likes_fade_by_half_in_a_half_life() -> None:
    later = HALF_LIFE.total_seconds() / 60
    direction = folded(deed("like", 1), deed("like", 2, minutes=later)).direction()
    assert direction is not None
    assert direction[1] / direction[2] == pytest.approx(0.5, rel=1e-4)


def test_the_order_in_which_deeds_of_two_assets_arrive_does_not_matter() -> None:
    first, second = deed("like", 1), deed("like", 2, minutes=600)
    one, other = folded(first, second), folded(second, first)
    np.testing.assert_allclose(one.positive, other.positive, rtol=1e-5)
    assert one.liked == other.liked


def test_a_deed_on_an_asset_without_a_vector_is_still_a_like() -> None:
    taste = fold(Taste.blank(NOON), Deed("like", ROOT, NOON, None))
    assert taste.direction() is None
    assert [like.asset_id for like in taste.liked] == [ROOT]


def test_hiding_something_forgets_that_it_was_liked() -> None:
    assert folded(deed("like", 1), deed("hide", 1, minutes=1)).liked == ()


def test_only_the_newest_likes_are_remembered() -> None:
    taste = folded(*(deed("like", n, minutes=n) for n in range(REMEMBERED_LIKES + 5)))
    assert len(taste.liked) == REMEMBERED_LIKES
    assert taste.liked[0].asset_id == deed("like", REMEMBERED_LIKES + 4).asset_id
