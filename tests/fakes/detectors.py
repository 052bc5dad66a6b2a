"""Detectors that answer by rule: the same shape as Triton's, no server, no model.

A text scores high for a hazard when it contains the hazard's marker word ("hatemark"); a media
file "contains" text after the marker READS, is indecent when its bytes contain NUDE and bloody
when they contain GORE. A film is pictures, each behind FRAME, and sounds, each behind SOUND.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock

from moderation.core.films import CUTTER, Film, Still, unavailable
from moderation.core.signals import Signal
from moderation.core.triton import Question

TEXT_HAZARDS = (
    "child_safety",
    "self_harm",
    "dangerous",
    "hate",
    "violence",
    "sexual",
    "harassment",
    "spam",
    "profanity",
)
READS = b"[reads]"
NUDE = b"[nude]"
GORE = b"[gore]"
SUSPECT = b"[suspect]"
FRAME = b"[frame]"
SOUND = b"[sound]"
CERTAIN, DOUBTFUL, CLEAN = 0.99, 0.85, 0.01


class FakeDetectors:
    """Stands in for `moderation.core.triton.Detectors`.

    "hatemark" in a text makes hate certain, "hatemaybe" makes it doubtful; likewise for every
    other hazard. Names in `down` do not answer. `asked` counts the items each detector got,
    `batches` holds how many there were in each question. `known` says of contents, such as
    pictures that were encoded anew, what they are taken for.
    """

    def __init__(self, *, delay_seconds: float = 0.0) -> None:
        self.down: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.batches: list[tuple[str, int]] = []
        self.known: dict[bytes, bytes] = {}
        self.deadlines: list[float] = []
        self._delay = delay_seconds
        self._lock = Lock()

    def start(
        self, questions: Sequence[Question], deadline_seconds: float
    ) -> Callable[[], list[list[Signal]]]:
        """Take the questions; the value answers each one's items in order."""
        with self._lock:
            self.deadlines.append(deadline_seconds)
            for question in questions:
                self.asked[question.detector] += len(question.contents)
                self.batches.append((question.detector, len(question.contents)))
        return lambda: self._answers(questions)

    def cut(self, film: bytes, deadline_seconds: float) -> Film:
        """Take a "film" apart: pictures and sounds, each behind its marker."""
        with self._lock:
            self.deadlines.append(deadline_seconds)
            self.asked[CUTTER] += 1
        if CUTTER in self.down:
            return unavailable("deadline_exceeded: fake outage")
        parts = film.split(FRAME)[1:]
        stills: list[Still] = []
        sounds: list[bytes] = []
        for part in parts:
            picture, *heard = part.split(SOUND)
            stills.append(Still(picture, 500 * len(stills)))
            sounds += heard
        return Film(tuple(stills), tuple(sounds), (Signal(CUTTER, f"{CUTTER}@fake"),))

    def _answers(self, questions: Sequence[Question]) -> list[list[Signal]]:
        if self._delay:
            time.sleep(self._delay)
        return [
            [self._signal(question.detector, bytes(content)) for content in question.contents]
            for question in questions
        ]

    def everything_down(self) -> None:
        """Let no detector answer."""
        self.down = {"text_hazards", "prompt_attack", "image_safety", "image_text", "speech_text"}
        self.down |= {"image_gore", CUTTER}

    def _signal(self, name: str, content: bytes) -> Signal:
        if name in self.down:
            return Signal.unavailable(name, "deadline_exceeded: fake outage")
        version = f"{name}@fake"
        content = self.known.get(content, content)
        if name in {"image_text", "speech_text"}:
            _, _, found = content.partition(READS)
            return Signal(detector=name, version=version, text=found.decode("utf-8", "replace"))
        if name == "image_safety":
            score = CERTAIN if NUDE in content else DOUBTFUL if SUSPECT in content else CLEAN
            return Signal(detector=name, version=version, scores={"sexual": score})
        if name == "image_gore":
            score = CERTAIN if GORE in content else CLEAN
            return Signal(detector=name, version=version, scores={"violence": score})
        hazards = TEXT_HAZARDS if name == "text_hazards" else ("prompt_attack",)
        text = content.decode()
        return Signal(
            detector=name,
            version=version,
            scores={hazard: _score(hazard, text) for hazard in hazards},
        )


def _score(hazard: str, text: str) -> float:
    if f"{hazard}mark" in text:
        return CERTAIN
    return DOUBTFUL if f"{hazard}maybe" in text else CLEAN
