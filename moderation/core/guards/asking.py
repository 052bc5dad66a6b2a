"""What all families of guard models have in common: turns, questions, and answers with odds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from moderation.core.hazards import Hazard

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side of a conversation said, as it was said."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a rendered prompt.

    What people wrote is never `is_own`: a control token inside of it is spelled out and ends
    nothing.
    """

    text: str
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, and the answers that the model may begin with.

    Attributes:
        parts: the prompt, in order.
        answers: what may come next; one of them is what the model means.
        details: what is asked when an answer other than the first one is probable: the words
            that lead there, and the answers that may follow them.
    """

    parts: tuple[Part, ...]
    answers: tuple[str, ...]
    details: tuple[str, tuple[str, ...]] | None = None

    @property
    def text(self) -> str:
        """The whole prompt as one text."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Answered:
    """Probabilities 0..1 of a question's answers, and of its details where those were asked."""

    answers: Mapping[str, float]
    details: Mapping[str, float] | None = None


class Family(Protocol):
    """A family of guard models."""

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """What it gives a probability for."""
        ...

    def questions(self, turns: Sequence[Turn]) -> tuple[Question, ...]:
        """Render the format for a conversation whose last turn is judged.

        Raises:
            ValueError: there is no turn.
        """
        ...

    def scores(self, answered: Sequence[Answered]) -> dict[str, float]:
        """Return the probability of every hazard from the answers to all questions."""
        ...


def shared(
    unsafe: float, categories: Mapping[str, float], hazards: Mapping[str, tuple[Hazard, ...]]
) -> dict[str, float]:
    """Spread the probability of "unsafe" over the hazards of the categories.

    The likeliest category carries all of it and the others in proportion: two categories that
    are equally likely are both as probable as the whole, for the model names several.
    """
    scores = {hazard.value: 0.0 for found in hazards.values() for hazard in found}
    most = max(categories.values(), default=0.0)
    for category, probability in categories.items():
        share = probability / most if most > 0.0 else 1.0
        for hazard in hazards[category]:
            scores[hazard] = max(scores[hazard], unsafe * share)
    return scores


def last_of(turns: Sequence[Turn]) -> Turn:
    """Return the turn that is judged."""
    if not turns:
        raise ValueError("a guard judges a conversation of at least one turn")
    return turns[-1]
