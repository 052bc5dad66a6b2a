"""Where the camera is looks smooth and never shows the edge of what it films."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.core.film.camera import AUTOMATIC, MOTIONS, STILL, chosen, eased, look

MOMENTS = st.floats(min_value=0, max_value=1)


@pytest.mark.parametrize("motion", MOTIONS)
def test_a_motion_begins_and_ends_at_rest(motion: str) -> None:
    inside = look(motion, 0.5)
    for still, soon in ((0.0, 0.01), (1.0, 0.99)):
        at, then = look(motion, still), look(motion, soon)
        moved = abs(at.zoom - then.zoom) + abs(at.x - then.x) + abs(at.y - then.y)
        assert moved < 1e-4
    assert inside != look(motion, 0.0)


@given(motion=st.sampled_from((*MOTIONS, STILL)), moment=MOMENTS)
def test_the_camera_never_goes_farther_aside_than_it_is_near(motion: str, moment: float) -> None:
    at = look(motion, moment)
    free = (at.zoom - 1) / 2
    assert abs(at.x) <= free
    assert abs(at.y) <= free


@given(first=MOMENTS, second=MOMENTS)
def test_the_way_is_never_gone_back(first: float, second: float) -> None:
    assert eased(min(first, second)) <= eased(max(first, second)) + 1e-9


def test_walking_around_ends_where_it_began() -> None:
    assert look("orbit", 1.0).x == pytest.approx(look("orbit", 0.0).x)
    assert look("orbit", 0.25).turn * look("orbit", 0.75).turn < 0


def test_the_seed_chooses_among_all_motions_and_a_name_is_obeyed() -> None:
    assert {chosen(AUTOMATIC, seed) for seed in range(len(MOTIONS))} == set(MOTIONS)
    assert chosen("orbit", 3) == "orbit"
    with pytest.raises(ValueError, match="motion must be one of"):
        chosen("backflip", 0)
