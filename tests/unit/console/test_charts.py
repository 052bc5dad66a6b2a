"""Geometry of the console's drawings."""

from hypothesis import given
from hypothesis import strategies as st

from tidegate.console.charts import HEIGHT, WIDTH, line, pairs

FIGURES = st.lists(st.integers(min_value=0, max_value=10_000), min_size=1, max_size=40)


@given(FIGURES)
def test_bars_stay_in_their_box_and_beside_each_other(left: list[int]) -> None:
    right = left[::-1]
    drawn = pairs(left, right)
    assert len(drawn) == len(left)
    end = 0.0
    for pair in drawn:
        for bar in (pair.left, pair.right):
            assert bar.x >= end - 0.01
            assert 0 <= bar.y <= HEIGHT
            assert abs(bar.y + bar.height - HEIGHT) < 0.01
            end = bar.x + bar.width
    assert end <= WIDTH + 0.01


def test_the_highest_figure_fills_the_height_and_none_has_no_bar() -> None:
    (first, second) = pairs([4, 0], [2, 1])
    assert first.left.height == HEIGHT
    assert first.right.height == HEIGHT / 2
    assert second.left.height == 0


def test_nothing_at_all_draws_nothing() -> None:
    assert [one.left.height for one in pairs([0, 0], [0, 0])] == [0, 0]
    assert line([]) == []
    assert line([None, None]) == []


def test_a_gap_interrupts_the_line() -> None:
    first, second = line([1.0, 2.0, None, 4.0])
    assert len(first.split()) == 2
    # What stands alone is drawn as wide as it can be seen.
    assert [point.endswith(",1.00") for point in second.split()] == [True, True]
