"""Our hazards in the words of OpenAI's moderation interface, for clients that speak those.

The thirteen categories and their meanings: https://developers.openai.com/api/docs/guides/moderation
(read in 2026). A table and not a guess: what no hazard of ours tells apart has no score here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from moderation.core.hazards import Hazard

InputType = Literal["text", "image"]

CATEGORIES: Final[Mapping[str, tuple[Hazard, ...]]] = MappingProxyType(
    {
        "harassment": (Hazard.HARASSMENT,),
        "harassment/threatening": (Hazard.HARASSMENT, Hazard.VIOLENCE),
        "hate": (Hazard.HATE,),
        "hate/threatening": (Hazard.HATE, Hazard.VIOLENCE),
        "illicit": (Hazard.DANGEROUS,),
        "illicit/violent": (Hazard.DANGEROUS, Hazard.VIOLENCE),
        "self-harm": (Hazard.SELF_HARM,),
        # Our detectors do not tell why somebody writes about self-harm, nor how graphic it is.
        "self-harm/intent": (),
        "self-harm/instructions": (),
        "sexual": (Hazard.SEXUAL,),
        "sexual/minors": (Hazard.CHILD_SAFETY,),
        "violence": (Hazard.VIOLENCE,),
        "violence/graphic": (),
    }
)
"""A category applies where all of its hazards do: "hateful content that also includes violence".
One without hazards is never scored; the category it refines is."""

UNMAPPED: Final[Mapping[Hazard, str]] = MappingProxyType(
    {
        Hazard.PROMPT_ATTACK: "about the model that is asked, not about the content",
        Hazard.SPAM: "unwanted, not harmful; no category says it",
        Hazard.PRIVACY: "what is somebody's own; no category says it",
        Hazard.PROFANITY: "strong words at nobody; no category says it",
    }
)
"""Hazards that no category means, and why. They still count in `flagged`."""


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in one part of an input.

    Attributes:
        scores: hazard to probability 0..1; None where no detector could say.
        against: the hazards for which the policy holds or blocks the part.
    """

    input_type: InputType
    scores: Mapping[str, float | None]
    against: Collection[str]


@dataclass(frozen=True, slots=True)
class Category:
    """One category over all parts of an input.

    `score` is 0 where it applies to no part; `applied_to` tells that from a low probability.
    """

    is_flagged: bool
    score: float
    applied_to: tuple[InputType, ...]


def categories_of(parts: Sequence[Part]) -> dict[str, Category]:
    """Return every category of an input; the worst part counts.

    Where a category needs several hazards, the least probable of them is its score: what needs
    both is at most as probable as either.
    """
    return {name: _category(hazards, parts) for name, hazards in CATEGORIES.items()}


def _category(hazards: Sequence[Hazard], parts: Sequence[Part]) -> Category:
    scored = [
        (part.input_type, min(known))
        for part in parts
        if hazards and len(known := _known(part.scores, hazards)) == len(hazards)
    ]
    return Category(
        is_flagged=bool(hazards)
        and any(all(hazard in part.against for hazard in hazards) for part in parts),
        score=max((score for _, score in scored), default=0.0),
        applied_to=tuple(dict.fromkeys(input_type for input_type, _ in scored)),
    )


def _known(scores: Mapping[str, float | None], hazards: Sequence[Hazard]) -> list[float]:
    return [score for hazard in hazards if (score := scores.get(hazard)) is not None]
