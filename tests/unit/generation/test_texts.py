"""Windows of streamed text, and titles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.core.titles import LONGEST_TITLE, title_of
from generation.core.windows import WINDOW_CHARACTERS, is_due


@pytest.mark.parametrize(
    ("text", "asked", "is_asked"),
    [
        ("", 0, False),
        ("a" * (WINDOW_CHARACTERS - 1), 0, False),
        ("a" * WINDOW_CHARACTERS, 0, True),
        ("a" * WINDOW_CHARACTERS, 10, False),
        ("Yes. No.", 0, False),
        ("The boats came home at last. ", 0, True),
        ("The price is 3.14 and it rises", 0, False),
        ("港口睡着了。灯光在水面上转了一圈又一圈，然后船都回来了。", 0, True),
        ("The boats came home at last. And then", 29, False),
    ],
)
def test_a_window_is_full_or_ends_a_sentence(text: str, asked: int, *, is_asked: bool) -> None:
    assert is_due(text, asked=asked) is is_asked


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("a red apple", "a red apple"),
        ("  a  red\tapple \n on a table", "a red apple"),
        ("", ""),
        ("word " * 40, "word " * 14 + "word…"),
        ("猫" * 100, "猫" * 79 + "…"),
    ],
)
def test_a_title_is_the_first_line_cut_between_words(prompt: str, title: str) -> None:
    assert title_of(prompt) == title


@given(st.text())
def test_a_title_is_one_short_line(prompt: str) -> None:
    title = title_of(prompt)
    assert len(title) <= LONGEST_TITLE
    assert len(title.splitlines()) <= 1
