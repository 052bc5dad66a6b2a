"""Every detector the gate knows: what it reads, what it scores, where it runs, what it costs.

The table is what policies are checked against: one that demands a label which no detector gives
would make everything unavailable for ever, so it is refused when it is read. Figures are those of
docs/benchmarks.md and docs/models/detectors.md; a test compares this table with the documents'.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, Protocol

from moderation.core import personal_data, spam
from moderation.core.films import CUTTER
from moderation.core.hazards import Hazard
from moderation.core.signals import Signal

Reads = Literal["text", "image", "sound", "film", "context"]
Place = Literal["triton", "process"]


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a detector before it is asked.

    Attributes:
        name: as policies and signals say it; on Triton also the name of its model.
        reads: what it is given. "context" are facts about an author that the application gathers.
        hazards: the labels that it gives, always all of them; empty for one that reads words.
        languages: ISO 639-1 codes of the texts that it was measured on; empty where none count.
        place: behind Triton, or in the process that asks.
        version_from: what the SHA-256 prefix in its version is taken of.
        cost_ms: processor time of one typical item, milliseconds on one core.
        deadline_seconds: longest that anybody waits for it, however long the item's own deadline.
    """

    name: str
    reads: Reads
    hazards: tuple[Hazard, ...]
    languages: tuple[str, ...]
    place: Place
    version_from: str
    cost_ms: float
    deadline_seconds: float


class Detector(Protocol):
    """A detector of this process. Those behind Triton are asked by `moderation.core.triton`."""

    def __call__(self, text: str, /) -> Signal:
        """Judge a text. What cannot be judged is a signal with an error, never an exception."""
        ...


DETECTORS: Final[Mapping[str, Description]] = MappingProxyType(
    {
        one.name: one
        for one in (
            Description(
                "text_hazards",
                "text",
                (
                    Hazard.CHILD_SAFETY,
                    Hazard.SELF_HARM,
                    Hazard.DANGEROUS,
                    Hazard.HATE,
                    Hazard.VIOLENCE,
                    Hazard.SEXUAL,
                    Hazard.HARASSMENT,
                    Hazard.SPAM,
                    Hazard.PROFANITY,
                ),
                ("en", "zh"),
                "triton",
                "encoder and head",
                5,
                30,
            ),
            Description(
                "prompt_attack",
                "text",
                (Hazard.PROMPT_ATTACK,),
                ("en",),
                "triton",
                "weights",
                1,
                30,
            ),
            Description("image_safety", "image", (Hazard.SEXUAL,), (), "triton", "weights", 19, 30),
            Description("image_gore", "image", (Hazard.VIOLENCE,), (), "triton", "weights", 35, 30),
            Description("image_text", "image", (), ("en", "zh"), "triton", "weights", 65, 60),
            Description("speech_text", "sound", (), ("en", "zh"), "triton", "weights", 2_000, 60),
            Description(CUTTER, "film", (), (), "triton", "programs", 600, 30),
            Description(
                personal_data.DETECTOR,
                "text",
                (Hazard.PRIVACY,),
                ("en", "zh"),
                "process",
                "rules and numbering plans",
                0.1,
                1,
            ),
            Description(spam.DETECTOR, "context", (Hazard.SPAM,), (), "process", "rules", 0.1, 1),
        )
    }
)

IN_PROCESS: Final[Mapping[str, Detector]] = MappingProxyType(
    {personal_data.DETECTOR: personal_data.judge}
)
"""Detectors of texts that need no server, by name."""


def unkept(demanded: Mapping[str, Sequence[str]]) -> list[str]:
    """Return which labels a policy demands that the detector never gives, in words.

    `demanded` is the policy's own list: detector to the labels that it must give.
    """
    found = []
    for name, hazards in demanded.items():
        known = DETECTORS.get(name)
        if known is None:
            continue
        if missing := [str(hazard) for hazard in hazards if hazard not in known.hazards]:
            gives = ", ".join(known.hazards) or "no scores"
            found.append(f"{name} does not give {', '.join(missing)}; it gives {gives}")
    return found


def unknown(names: Iterable[str]) -> list[str]:
    """Return the names that no detector has."""
    return [name for name in names if name not in DETECTORS]


def patience(names: Iterable[str], deadline_seconds: float) -> float:
    """Return how long to wait for detectors that answer together: never over `deadline_seconds`."""
    own = [DETECTORS[name].deadline_seconds for name in names if name in DETECTORS]
    return min(deadline_seconds, max(own, default=deadline_seconds))
