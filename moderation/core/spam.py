"""Spam by behaviour: the same thing over and over, or far more than a person makes.

The facts come from the database, the scoring is this pure function, and the signal is kept with the
verdict like any other, so that another policy can be tried on it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from moderation.core.hashes import MATCH_DISTANCE
from moderation.core.hazards import Hazard
from moderation.core.near_texts import NEAR_DISTANCE
from moderation.core.signals import Signal

DETECTOR: Final = "spam_rate"


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier output of the same author: its request, and how it looks or reads.

    `pdq` and `simhash` are 64 hexadecimal digits, or empty for what is too plain or too short.
    """

    request: str
    pdq: str = ""
    simhash: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is certain to be spam: this many requests for nearly the same, or this many in all.

    Half of it scores a half. `seconds` is how far back the facts reach.
    """

    seconds: float
    alike: int
    requests: int


def judge(
    *, pdq: str, simhash: str, request: str, earlier: Sequence[Earlier], limits: Limits
) -> Signal:
    """Return the detector's answer about an output with this look and this reading.

    `earlier` are the author's within the time, at most so many that the limits are reached. Several
    outputs of one request are one: whoever asks for four pictures of a thing gets four pictures
    that are alike.
    """
    requests = len({request, *(one.request for one in earlier)})
    alike = {
        one.request
        for one in earlier
        if one.request != request
        and (
            _is_near(pdq, one.pdq, MATCH_DISTANCE) or _is_near(simhash, one.simhash, NEAR_DISTANCE)
        )
    }
    score = max(_share(len(alike) + 1, limits.alike), _share(requests, limits.requests))
    return Signal(
        detector=DETECTOR,
        version=version(),
        scores={str(Hazard.SPAM): round(score, 4)},
        detail={
            "alike": len(alike),
            "requests": requests,
            "seconds": limits.seconds,
            "limits": {"alike": limits.alike, "requests": limits.requests},
        },
    )


@cache
def version() -> str:
    """Return `spam_rate@<sha256 prefix>` of this file."""
    return f"{DETECTOR}@{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]}"


def _share(count: int, limit: int) -> float:
    """Return 0 for the first one and 1 from the limit on."""
    return min(1.0, max(0, count - 1) / max(1, limit - 1))


def _is_near(one: str, other: str, distance: int) -> bool:
    return bool(one and other) and (int(one, 16) ^ int(other, 16)).bit_count() <= distance
