from __future__ import annotations

import pytest

from moderation.core import wordlists
from moderation.core.decisions import Place, Reason, Verdict
from moderation.core.places import placed
from moderation.core.signals import Signal
from moderation.core.spans import spans_of_disguised

LISTS = wordlists.load()


def listed(term: str) -> Reason:
    return Reason("dangerous", None, None, "word_list", "en", Verdict.HOLD, term)


def scored(at_ms: int | None = None) -> Reason:
    place = None if at_ms is None else Place(at_ms=at_ms)
    return Reason("hate", 0.9, 0.6, "score_hold", "words", Verdict.HOLD, place=place)


@pytest.mark.parametrize(
    ("text", "term", "found"),
    [
        ("They made a Pipe Bomb at home.", "pipe bomb", ["Pipe Bomb"]),
        ("pipe bomb here, pipe bomb there", "pipe bomb", ["pipe bomb", "pipe bomb"]),
        ("They made a p i p e b o m b at home.", "pipe bomb", ["p i p e b o m b"]),
        ("They made a pіpe bоmb at home.", "pipe bomb", ["pіpe bоmb"]),
        ("They made a p1pe b0mb at home.", "pipe bomb", ["p1pe b0mb"]),
        ("They made a cake at home.", "pipe bomb", []),
    ],
    ids=["plain", "twice", "spaced", "look-alike letters", "digits", "not there"],
)
def test_a_listed_word_is_placed_even_in_disguise(text: str, term: str, found: list[str]) -> None:
    place = placed(listed(term), text, (), LISTS.contains).place or Place()

    assert [text[start:end] for start, end in place.spans] == found


def test_closing_in_asks_few_times_even_in_a_long_text() -> None:
    asked: list[str] = []

    def finds(part: str) -> bool:
        asked.append(part)
        return "needle" in part

    text = "hay " * 5_000 + "needle" + " hay" * 5_000

    assert spans_of_disguised(text, finds) == ((20_000, 20_006),)
    assert len(asked) < 40


def test_a_score_stands_in_the_piece_that_was_worst() -> None:
    signal = Signal("words", "w@1", {"hate": 0.9, "spam": 0.1}, detail={"worst_piece": "bad piece"})

    reason = placed(scored(), "A bad piece of it.", [signal], LISTS.contains)

    assert reason.place == Place(spans=((2, 11),))
    assert reason.to_json()["place"] == {"spans": [[2, 11]]}


def test_a_score_that_was_not_the_worst_of_its_piece_has_no_place() -> None:
    signal = Signal("words", "w@1", {"hate": 0.9, "spam": 0.95}, detail={"worst_piece": "bad"})

    assert placed(scored(), "A bad piece.", [signal], LISTS.contains).place is None


def test_words_in_a_film_have_the_box_of_their_line_and_its_first_moment() -> None:
    def read(at_ms: int) -> Signal:
        boxes = [[0.1, 0.1, 0.9, 0.2], [0.1, 0.3, 0.5, 0.4]]
        detail = {"at_ms": at_ms, "boxes": boxes}
        return Signal("image_text", "i@1", text="welcome\nto the pipe bomb", detail=detail)

    reason = placed(
        listed("pipe bomb"), "welcome\nto the pipe bomb", [read(900), read(400)], LISTS.contains
    )

    assert reason.place == Place(((15, 24),), ((0.1, 0.3, 0.5, 0.4),), 400)


def test_what_is_seen_at_a_moment_keeps_it() -> None:
    assert placed(scored(500), "", (), LISTS.contains).place == Place(at_ms=500)
