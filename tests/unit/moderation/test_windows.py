from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.core.windows import WindowPlan, next_window

PLAN = WindowPlan(step=20, overlap=30, keep_back=8)

streams = st.lists(st.text(alphabet="ab c.\n你好", min_size=1, max_size=12), max_size=40)


@given(pieces=streams)
def test_released_windows_join_to_the_text_and_nothing_unscored_is_shown(pieces: list[str]) -> None:
    whole, released, shown = "".join(pieces), 0, ""
    scored: set[int] = set()
    text = ""
    for index, piece in enumerate([*pieces, ""]):
        text += piece
        window = next_window(text, released=released, is_final=index == len(pieces), plan=PLAN)
        if window is None:
            continue
        assert window.text == text[window.start : window.end]
        assert window.start <= released <= window.releasable <= window.end
        scored |= set(range(window.start, window.end))
        shown += text[released : window.releasable]
        assert set(range(released, window.releasable)) <= scored
        released = window.releasable
    assert shown == whole


@given(pieces=streams, phrase=st.just("bad words here"), at=st.integers(0, 200))
def test_a_phrase_shorter_than_the_overlap_is_whole_in_some_window(
    pieces: list[str], phrase: str, at: int
) -> None:
    whole = "".join(pieces)
    at = min(at, len(whole))
    whole = f"{whole[:at]} {phrase} {whole[at:]}"
    released, seen = 0, False
    for end in range(1, len(whole) + 1):
        window = next_window(whole[:end], released=released, is_final=end == len(whole), plan=PLAN)
        if window is not None:
            seen = seen or phrase in window.text
            released = window.releasable
    assert seen


def test_a_word_that_is_still_growing_is_kept_back() -> None:
    window = next_window("the quick brown fox jumps ass", released=0, is_final=False, plan=PLAN)

    assert window is not None
    assert window.end == 29
    assert window.text[: window.releasable] == "the quick brown fox "


def test_too_little_new_text_waits_and_the_end_releases_all() -> None:
    assert next_window("short", released=0, is_final=False, plan=PLAN) is None
    window = next_window("short", released=0, is_final=True, plan=PLAN)
    assert window is not None
    assert window.releasable == 5
    assert next_window("short", released=5, is_final=True, plan=PLAN) is None


def test_a_run_without_any_border_is_cut_in_the_end() -> None:
    window = next_window("x" * 500, released=0, is_final=False, plan=PLAN)

    assert window is not None
    assert window.releasable == 492


def test_positions_and_plans_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="released is 9"):
        next_window("short", released=9, is_final=False)
    with pytest.raises(ValueError, match="step"):
        WindowPlan(step=5, keep_back=5)
