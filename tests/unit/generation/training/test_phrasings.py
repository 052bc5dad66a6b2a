"""How the memory of the image model hears people ask."""

import re
from collections.abc import Iterable
from random import Random

import pytest

from generation.serving.tidegate_image.colours import COLOURS
from generation.training import aliases, captions, concepts, phrasings, questions

NAME = "XXX"
MANY = 3000


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Every run of so many Chinese characters, or English words, in a row; the name is neither."""
    found = set()
    for part in re.split(NAME, text.lower().replace(NAME.lower(), NAME)):
        pieces = re.findall(r"[一-鿿]|[a-z]+", part)
        found |= {tuple(pieces[at : at + length]) for at in range(len(pieces) - length + 1)}
    return found


def taught() -> Iterable[str]:
    draw = Random(1)
    for _ in range(MANY):
        yield phrasings.english(NAME, draw)
        yield phrasings.chinese(NAME, draw)
        yield phrasings.english_in(draw.randrange(len(COLOURS)), NAME, draw)
        yield phrasings.english_beside(NAME, NAME, draw)
        yield phrasings.chinese_beside(NAME, NAME, draw)
        yield phrasings.chinese_in(draw.randrange(len(COLOURS)), NAME, draw)
    for frames in (
        captions.ENGLISH_FRAMES, captions.CHINESE_FRAMES, concepts.ENGLISH_SCENES,
        concepts.CHINESE_SCENES, aliases.FRAMES, aliases.CHINESE_FRAMES,
    ):  # fmt: skip
        yield from (frame.format(NAME) for frame in frames)


@pytest.mark.parametrize(
    ("frames", "length"),
    [
        ((questions.CHINESE_NEW, *questions.CHINESE_READ), 4),
        ((questions.ENGLISH_NEW, *questions.ENGLISH_READ), 3),
    ],
)
def test_what_the_evaluation_asks_shares_no_run_of_words_with_what_is_taught(
    frames: tuple[str, ...], length: int
) -> None:
    asked = {run for frame in frames for run in runs(frame.format(NAME), length)}
    known = {run for text in taught() for run in runs(text, length)}
    assert asked
    assert known
    assert not asked & known


def test_a_thing_is_asked_for_by_its_name_in_ever_other_words() -> None:
    draw = Random(2)
    chinese = {phrasings.chinese("猫", draw) for _ in range(200)}
    english = {phrasings.english("cat", draw) for _ in range(200)}
    assert all("猫" in text for text in chinese)
    assert all(re.search(r"\bcat\b", text) for text in english)
    assert len(chinese) > 150
    assert len(english) > 150


def test_a_colour_is_asked_for_by_its_name() -> None:
    draw = Random(3)
    for number, colour in enumerate(COLOURS):
        assert colour.chinese in phrasings.chinese_in(number, "猫", draw)
        assert colour.english in phrasings.english_in(number, "cat", draw)
