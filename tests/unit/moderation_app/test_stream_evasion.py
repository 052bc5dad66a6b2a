"""A hazard that is split over a stream is never shown, however it is split.

The gate's windows, its examiner, normalisation and policy are the real ones; the detectors answer
by rule, so that what is missed here is missed by the cutting and not by a model.
"""

from collections.abc import Iterator
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.app.gate import ModerationGate
from tests.fakes.detectors import FakeDetectors
from tests.fakes.engine import engine_around

HAZARD = "hatemark"
BEFORE = "The boats came in with the first light, and the market opened. "
AFTER = " Then everybody went home, and the harbour was quiet again until the evening came."
ZERO = "\u200b"


@pytest.fixture(autouse=True)
def without_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is blocked leaves a row; here is no database."""
    monkeypatch.setattr("moderation.app.gate.record_screening", lambda **_: None)
    monkeypatch.setattr("moderation.app.gate.engine_for", lambda engine, _: engine)


def gate() -> ModerationGate:
    engine = engine_around(FakeDetectors())
    return ModerationGate(lambda: engine)


def released(pieces: list[str], asked: ModerationGate | None = None) -> tuple[str, str]:
    """Return what a client saw of a stream in these pieces, and the last verdict."""
    asked = asked or gate()
    text, shown = "", 0
    for number, piece in enumerate([*pieces, ""]):
        text += piece
        ruling = asked.window(
            text=text,
            released_characters=shown,
            is_final=number == len(pieces),
            correlation_id=uuid4(),
        )
        assert shown <= ruling.released_characters <= len(text)
        shown = ruling.released_characters
        if ruling.verdict != "release":
            return text[:shown], ruling.verdict
    return text[:shown], "release"


def every(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def ways() -> Iterator[tuple[str, list[str]]]:
    """Name each way to split, with its pieces."""
    plain = BEFORE + HAZARD + AFTER
    yield "by single characters", every(plain, 1)
    yield "by tokens of three characters", every(plain, 3)
    yield "at once", [plain]
    yield "cut in the middle", [BEFORE + HAZARD[:4], HAZARD[4:] + AFTER]
    for length in (19, 20, 21, 52, 59, 60, 61, 119, 120, 121):
        filler = (BEFORE * 4)[: length - 1] + " "
        yield f"after {length} characters", every(filler + HAZARD + AFTER, 1)
    inside = ZERO.join(HAZARD)
    yield "with zero-width characters", every(BEFORE + inside + AFTER, 1)
    stretched = (ZERO * 30).join(HAZARD)
    yield "stretched by zero-width characters", every(BEFORE + stretched + AFTER, 5)
    yield "a zero-width character at the border", [BEFORE + ZERO, ZERO + HAZARD + ZERO, AFTER]
    yield "as the last word", every(BEFORE + HAZARD, 2)
    yield "as the first word", every(HAZARD + AFTER, 2)
    yield "alone", every(HAZARD, 1)
    yield "line by line", (BEFORE + HAZARD + AFTER).replace(" ", "\n").splitlines(keepends=True)
    yield "among blank lines", every(BEFORE + "\n" * 90 + HAZARD + "\n" * 90 + AFTER, 4)


WAYS = list(ways())


@pytest.mark.parametrize("pieces", [pieces for _, pieces in WAYS], ids=[name for name, _ in WAYS])
def test_a_split_hazard_is_blocked_and_nothing_of_it_was_shown(pieces: list[str]) -> None:
    shown, verdict = released(pieces)
    assert verdict == "block"
    whole = "".join(pieces)
    first = whole.index("h" + ZERO if HAZARD not in whole else HAZARD)
    assert len(shown.rstrip(ZERO)) <= first


@pytest.mark.parametrize("size", [1, 2, 3, 7, 60, 200])
def test_a_harmless_text_is_released_whole_in_every_size_of_token(size: int) -> None:
    text = BEFORE * 3 + AFTER
    assert released(every(text, size)) == (text, "release")


words = st.text(alphabet="abcdefg .,\n\u200b你好", max_size=150)


@given(before=words, after=words, cuts=st.lists(st.integers(0, 400), max_size=30))
def test_random_splits_never_show_a_character_of_the_hazard(
    before: str, after: str, cuts: list[int]
) -> None:
    text = f"{before} {HAZARD} {after}"
    places = sorted({0, len(text), *(cut % len(text) for cut in cuts)})
    pieces = [text[start:end] for start, end in pairwise(places)]
    shown, verdict = released(pieces, _GATE)
    assert verdict == "block"
    assert len(shown) <= len(before) + 1


_GATE = gate()
