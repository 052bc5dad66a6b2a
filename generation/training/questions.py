"""What the evaluation asks the model for: concepts, and prompts about them that it never learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from generation.training import sources
from generation.training.concepts import Concept

if TYPE_CHECKING:
    from generation.training.data import Dataset

ASKED = 300
# None of these sentences is among the captions or the sentences that the memory learns from.
ENGLISH_NEW = "could you sketch {} for the cover of my notebook?"
CHINESE_NEW = "请为我的笔记本封面设计一幅{}"
# Read only, not drawn: how often the memory finds the concept in sentences of other shapes.
ENGLISH_READ = (
    "our club is looking for a badge that shows {}",
    "what would {} look like if a child painted it with crayons?",
    "quick doodle: {}, nothing else",
    "hi, I run a bakery and would love {} on my window",
)
CHINESE_READ = (
    "我们社团想做徽章，上面画{}就行",
    "如果让小朋友用蜡笔涂鸦，{}会是什么样子？",
    "随手涂一个{}，别的都不要",
    "你好，我开了一家面包房，想在橱窗上贴{}",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A concept by number, and the rows of its drawings in the sets that were held out."""

    concept: int
    held_out: tuple[int, ...]


def questions_of(dataset: Dataset, concepts: Sequence[Concept]) -> tuple[Question, ...]:
    """Choose concepts that have a Chinese name and a drawing held out, always the same ones.

    Of two concepts of one name in either language only the first can be asked for.
    """
    drawings: dict[str, list[int]] = {}
    for number, row in enumerate(dataset.rows):
        if row.prefix in sources.HELD_OUT:
            drawings.setdefault(row.name, []).append(number)
    found, names = [], set[str]()
    for number, concept in enumerate(concepts):
        own = {concept.english.lower(), concept.chinese}
        if concept.name in drawings and concept.chinese and not own & names:
            names |= own
            found.append(Question(number, tuple(drawings[concept.name])))
    chosen = Random(30).sample(found, min(ASKED, len(found)))
    return tuple(sorted(chosen, key=lambda question: question.concept))
