"""Examples of what people say: our own sentences and stories, patterns with slots, answers.

Where dataset.py's exemplars say what a request is about and stand in frames, these speak and stand
as they are. Long ones are cut as the gate cuts what it judges.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence

from moderation.core.chunks import pieces, sentences, windows
from moderation.training.dataset import UNDECIDED, Example, document

_SLOT = re.compile(r"\{(\w+)\}")
_FILLED = {"en": 14, "zh": 14}
"""How often a pattern is filled."""
_LOWERED = 0.4
_END = ".!?。！？"


def spoken(seed: int) -> list[Example]:
    """Return speech.yaml; some short English ones once more as people type them."""
    rng = random.Random(seed)
    found: list[Example] = []
    for hazard, by_language in document("speech").items():
        for language, texts in by_language.items():
            for text in texts:
                variants = list(_parts(text, is_harmful=hazard != "harmless"))
                if language == "en" and len(variants) == 1 and rng.random() < _LOWERED:
                    variants.append(text.lower().rstrip(_END))
                found += [_example(hazard, one, text, "speech") for one in dict.fromkeys(variants)]
    return found


def patterned(seed: int) -> list[Example]:
    """Return patterns.yaml with its slots filled at random; a pattern is one group."""
    rng = random.Random(seed)
    found: list[Example] = []
    for language, by_hazard in document("patterns").items():
        slots: Mapping[str, Sequence[str]] = by_hazard["slots"]
        for hazard, patterns in by_hazard.items():
            if hazard == "slots":
                continue
            for pattern in patterns:
                texts = (_filled(pattern, slots, rng) for _ in range(_FILLED[language]))
                found += [
                    _example(hazard, text, pattern, "patterns") for text in dict.fromkeys(texts)
                ]
    return found


def answers() -> list[Example]:
    """Return answers.yaml, all harmless, in pieces as the gate reads them."""
    return [
        _example("harmless", piece, text, "answers", weight=ANSWER_WEIGHT)
        for text in document("answers")["en"]
        for piece in pieces(text)
    ]


ANSWER_WEIGHT = 0.5
"""They are many and alike."""


def _parts(text: str, *, is_harmful: bool) -> Iterator[str]:
    """Yield what is learnt of a text: of harmful ones no sentence alone, for it may be harmless."""
    cut = sentences(text)
    if len(cut) == 1:
        yield text
    elif is_harmful:
        yield from windows(cut)
    else:
        yield from pieces(text)


def _filled(pattern: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    return _SLOT.sub(lambda found: rng.choice(slots[found[1]]), pattern)


def _example(hazard: str, text: str, group: str, source: str, weight: float = 1.0) -> Example:
    labels = frozenset[str]() if hazard == "harmless" else frozenset({hazard})
    return Example(text, labels, UNDECIDED.get(hazard, frozenset()), group, source, weight)
