from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.core.chunks import LARGEST_SENTENCE, LARGEST_WINDOW, pieces, sentences, units
from moderation.core.head import Head

BAD = "I am going to murder my neighbour tonight."


@given(text=st.text(alphabet="ab .!?\n你好。", max_size=900))
def test_sentences_cover_the_text_and_stay_small(text: str) -> None:
    found = sentences(text)

    assert all(0 < units(sentence) <= LARGEST_SENTENCE for sentence in found)
    position = 0
    for sentence in found:
        plain = "".join(sentence.split())
        start = "".join(text.split()).find(plain, max(0, position - len(plain)))
        assert 0 <= start <= position
        position = max(position, start + len(plain))
    assert position == len("".join(text.split()))


@given(text=st.text(alphabet="ab .!?\n你好。", max_size=900))
def test_every_window_is_small_and_every_sentence_is_in_one(text: str) -> None:
    found = pieces(text)

    assert all(units(piece) <= LARGEST_WINDOW for piece in found)
    assert set(sentences(text)) <= set(found)
    assert len(found) == len(set(found))


def test_a_bad_sentence_between_harmless_ones_is_a_piece_of_its_own() -> None:
    page = "The garden was quiet. The roses stood in the morning light. " * 5

    assert BAD in pieces(page + BAD + " " + page)
    assert "我今晚要杀了我的邻居。" in pieces(
        "今天天气很好，我们去公园。我今晚要杀了我的邻居。然后回家。"
    )


def test_a_short_sentence_before_a_bad_one_does_not_soften_it() -> None:
    assert BAD in pieces(f"What a calm harbour. {BAD}")


def test_a_phrase_on_a_hard_cut_is_whole_in_one_part() -> None:
    for lead in range(200, 245):
        text = "x" * lead + " murder my neighbour " + "y" * 200
        assert any("murder my neighbour" in part for part in sentences(text)), lead


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("a cat", ["a cat"]),
        ("A cat. A dog.", ["A cat. A dog."]),
        (
            "No. A sentence that is long enough.",
            ["No. A sentence that is long enough.", "A sentence that is long enough."],
        ),
    ],
)
def test_short_texts_are_few_pieces(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_a_wide_character_counts_three_times() -> None:
    assert units("ab你") == 5


def test_the_worst_piece_counts() -> None:
    twice = np.array([[4.0, 0.0], [0.0, 4.0]], dtype=np.float32)
    nothing = np.zeros(2, dtype=np.float32)
    head = Head(("a", "b"), twice, nothing, twice, nothing)

    worst = head.worst(np.array([[1.0, 0.0], [0.0, -1.0]], dtype=np.float32))

    assert worst["a"] > 0.98
    assert worst["b"] == pytest.approx(0.5)


def test_a_head_of_parts_that_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        Head(
            ("a",),
            np.zeros((2, 3), dtype=np.float32),
            np.zeros(2, dtype=np.float32),
            np.zeros((2, 2), dtype=np.float32),
            np.zeros(2, dtype=np.float32),
        )
