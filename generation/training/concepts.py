"""What the memory of the image model knows by name: concepts, colours, and sentences about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from generation.serving.tidegate_image.colours import COLOURS
from generation.training import phrasings, sources

if TYPE_CHECKING:
    from generation.training.data import Dataset

# Rude, or nothing that anybody asks a picture of: labels of buttons, half hours, mirrored doubles.
LEFT_OUT = re.compile(
    r"^middle-finger$|^japanese-.*(button|beginner)$|facing-right$|-thirty$|^input-|blood-type$"
    r"|^(cl|id|ng|vs|up|new|free|cool|ok|sos)-button$|-(small|medium|large)-square$"
)
ENGLISH_SCENES = (
    "flat vector illustration of a {}, clean, high quality", "logo with a {}",
    "a small {} in the garden at night", "my favourite {}", "a photo of the {}",
    "{} on a white background", "a sticker of a happy {}", "poster with one big {} for my shop",
    "the best {} in the world", "a {} by the sea, sunny day",
)  # fmt: skip
CHINESE_SCENES = (
    "一张{}的插画，扁平风格，白色背景", "帮我画一个{}", "草地上的{}", "我想要一个{}的标志",
    "漂亮的{}，高清", "一张带有{}的海报",
)  # fmt: skip
ENGLISH_COLOURED = ("{} {}", "a {} {}", "a picture of a {} {}", "a cute {} {} on the table")
# How many sentences of varied phrasing each concept is taught by, beside those above.
ENGLISH_VARIED = 3
CHINESE_VARIED = 5
# And in how many, of each language, another thing is named that is not asked for.
BESIDE = 3
CHINESE_COLOURED = ("{}的{}", "一个{}的{}", "画一个{}{}")


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing the model can draw by name: its drawing's row in the data set, and its names."""

    name: str
    row: int
    english: str
    chinese: str

    @property
    def is_coloured(self) -> bool:
        """Whether a colour is part of the name: such a drawing is not taught in other colours."""
        words = set(re.split(r"[-\s]", f"{self.name} {self.english.lower()}"))
        return any(colour.english in words for colour in COLOURS)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, the number of the concept it is about, and of its colour (0 for none)."""

    text: str
    concept: int
    colour: int


def concepts_of(dataset: Dataset) -> tuple[Concept, ...]:
    """Return the concepts: the drawings of the shown style without skin-tone variants."""
    prefix = sources.DEFAULT_STYLE
    whole = next(item.weight for item in sources.ICON_SETS if item.prefix == prefix)
    found = []
    for number, row in enumerate(dataset.rows):
        is_toned = row.weight <= whole * sources.TONED_SHARE
        if row.prefix != prefix or is_toned or LEFT_OUT.search(row.name):
            continue
        spoken = [dataset.captions[caption] for caption in row.captions]
        chinese = [text for text in spoken if not text.isascii() and "“" not in text]
        shortest = min(chinese, key=len, default="")
        found.append(Concept(row.name, number, row.name.replace("-", " "), shortest))
    return tuple(found)


def told(dataset: Dataset, concepts: Sequence[Concept]) -> list[Sentence]:
    """Return the captions of every drawing, of any set, that bears a concept's name."""
    numbers = {concept.name: number for number, concept in enumerate(concepts)}
    return [
        Sentence(dataset.captions[caption], numbers[row.name], 0)
        for row in dataset.rows
        if row.name in numbers
        for caption in row.captions
    ]


def imagined(concepts: Sequence[Concept], random: Random) -> list[Sentence]:
    """Return sentences that people might write around each concept, some with a colour."""
    found = []
    for number, concept in enumerate(concepts):
        scenes = [scene.format(concept.english) for scene in random.sample(ENGLISH_SCENES, 2)]
        if concept.chinese:
            scenes.append(random.choice(CHINESE_SCENES).format(concept.chinese))
        found += [Sentence(scene, number, 0) for scene in scenes]
        if concept.is_coloured:
            continue
        first, second = random.sample(range(len(COLOURS)), 2)
        text = random.choice(ENGLISH_COLOURED).format(COLOURS[first].english, concept.english)
        found.append(Sentence(text, number, first + 1))
        if concept.chinese:
            frame = random.choice(CHINESE_COLOURED)
            text = frame.format(COLOURS[second].chinese, concept.chinese)
            found.append(Sentence(text, number, second + 1))
    return found


def varied(concepts: Sequence[Concept], random: Random) -> list[Sentence]:
    """Return sentences about each concept whose other words vary; some ask for a colour."""
    found = []
    for number, concept in enumerate(concepts):
        texts = [phrasings.english(concept.english, random) for _ in range(ENGLISH_VARIED)]
        if concept.chinese:
            texts += [phrasings.chinese(concept.chinese, random) for _ in range(CHINESE_VARIED)]
        found += [Sentence(text, number, 0) for text in texts]
        if concept.is_coloured:
            continue
        first, second = random.sample(range(len(COLOURS)), 2)
        text = phrasings.english_in(first, concept.english, random)
        found.append(Sentence(text, number, first + 1))
        if concept.chinese:
            text = phrasings.chinese_in(second, concept.chinese, random)
            found.append(Sentence(text, number, second + 1))
    return found


def beside(concepts: Sequence[Concept], random: Random) -> list[Sentence]:
    """Return sentences that ask for each concept and name another one that is not asked for."""
    found = []
    for number, concept in enumerate(concepts):
        for other in (random.choice(concepts) for _ in range(BESIDE)):
            text = phrasings.english_beside(other.english, concept.english, random)
            found.append(Sentence(text, number, 0))
            if concept.chinese and other.chinese:
                text = phrasings.chinese_beside(other.chinese, concept.chinese, random)
                found.append(Sentence(text, number, 0))
    return found
