"""What is read in a tune's notation."""

from __future__ import annotations

import pytest

from moderation.core.notation import words_of

TUNE = """X:1
T:The Harbour at Dawn
R:reel
M:4/4
L:1/8
Q:1/4=184
K:Bb minor
|: d2 | "Bbm"BADE "F7"FACE dfba | "^softly"(3BAG A4 :|
w: come home, come home
% sung by nobody
"""


def test_titles_lyrics_and_remarks_are_read_and_notes_are_not() -> None:
    assert words_of(TUNE).splitlines() == [
        "The Harbour at Dawn",
        "reel",
        "^softly",
        "come home, come home",
        "sung by nobody",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("K:D", ""),
        ("K:I want to say something else", "I want to say something else"),
        ('"Am"A2 "D/F#"d2 "Gmaj7"g2', ""),
        ("BEEF CABBAGE zzzz", ""),
        ("hello A2 你好世界啊 B2", "hello\n你好世界啊"),
    ],
)
def test_words_hide_neither_in_fields_nor_between_notes(line: str, words: str) -> None:
    assert words_of(line) == words
