from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.core.families import family_of
from recommendations.core.heat import HALF_LIFE, cooled, count, heated

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
minutes = st.integers(0, 60 * 24 * 60).map(lambda value: NOON + timedelta(minutes=value))


def test_a_like_counts_one_and_half_after_a_half_life() -> None:
    heat = heated(None, "like", NOON)
    assert count(heat, NOON) == pytest.approx(1.0)
    assert count(heat, NOON + HALF_LIFE) == pytest.approx(0.5)


def test_nobody_is_hot_before_anything_was_done() -> None:
    assert count(None, NOON) == 0.0


@pytest.mark.parametrize("kind", ["hide", "report", "unlike"])
def test_dislikes_do_not_heat(kind: str) -> None:
    assert heated(None, kind, NOON) is None


@given(st.lists(minutes, min_size=1, max_size=20), minutes)
def test_taking_a_like_back_leaves_the_others(times: list[datetime], extra: datetime) -> None:
    heat = None
    for at in times:
        heat = heated(heat, "like", at)
    back = cooled(heated(heat, "like", extra), "like", extra)
    end = NOON + timedelta(days=61)
    assert count(back, end) == pytest.approx(count(heat, end), rel=1e-3, abs=1e-6)


@given(
    st.lists(minutes, min_size=1, max_size=8), st.lists(minutes, min_size=1, max_size=8), minutes
)
def test_the_order_of_heats_is_the_order_of_counts_at_any_moment(
    ones: list[datetime], others: list[datetime], moment: datetime
) -> None:
    one = other = None
    for at in ones:
        one = heated(one, "like", at)
    for at in others:
        other = heated(other, "like", at)
    assert one is not None
    assert other is not None
    if abs(one - other) > 1e-6:
        assert (one > other) == (count(one, moment) > count(other, moment))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("A lighthouse at dawn", "a lighthouse, at DAWN!", True),
        ("a lighthouse at dawn", "dawn lighthouse", True),
        ("ｌighthouse at dawn", "lighthouse at dawn", True),
        ("a lighthouse at dawn", "a lighthouse at dusk", False),
        ("灯塔，黎明", "黎明的灯塔", False),
        ("灯塔，黎明", "灯塔黎明", True),
        ("a lighthouse 2", "a lighthouse 3", False),
    ],
)
def test_small_rewordings_are_one_family(one: str, other: str, *, is_same: bool) -> None:
    assert (family_of(prompt=one, asset_id="1") == family_of(prompt=other, asset_id="2")) is is_same


@pytest.mark.parametrize("prompt", ["", "  ", "…!?", "the of"])
def test_without_words_an_asset_is_a_family_of_its_own(prompt: str) -> None:
    assert family_of(prompt=prompt, asset_id="1") != family_of(prompt=prompt, asset_id="2")
