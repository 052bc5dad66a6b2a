"""Why something could not be judged, and how often and when it is tried again.

A detector says why it gave no answer in words that begin with a kind (gRPC's status, or our own).
Each kind heals in its own way: a server that is away comes back, a picture that nobody can decode
never will. Whatever a rule says, an asset's deadline puts it before a person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

UNREADABLE: Final = "unreadable"
"""How an error begins that speaks of the content: nobody will ever be able to judge it."""
NO_BYTES: Final = "no bytes to judge"
"""The error when the storage could not give what was to be judged."""


class Failure(StrEnum):
    """Why there is no judgement; a value is stored, so it is never renamed."""

    SERVER_UNREACHABLE = "server_unreachable"
    DETECTOR_TIMEOUT = "detector_timeout"
    STORAGE_UNREADABLE = "storage_unreadable"
    ANSWER_MALFORMED = "answer_malformed"
    CONTENT_UNJUDGEABLE = "content_unjudgeable"
    UNFORESEEN = "unforeseen"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """When to try again: after `first` seconds, then twice as long each time, up to `longest`.

    After `limit` tries there is none any more; None sets no limit.
    """

    first: float
    longest: float
    limit: int | None

    def pause(self, tries: int) -> float | None:
        """Return the seconds from the end of try number `tries` to the next; None: no other."""
        if self.limit is not None and tries >= self.limit:
            return None
        # Beyond 2**30 every rule has reached its longest pause.
        return min(self.longest, self.first * 2.0 ** min(tries - 1, 30))


RETRIES: Final[Mapping[Failure, RetryRule]] = {
    Failure.SERVER_UNREACHABLE: RetryRule(first=1.0, longest=30.0, limit=None),
    # What makes a detector hang each time must not take its time for ever.
    Failure.DETECTOR_TIMEOUT: RetryRule(first=2.0, longest=900.0, limit=20),
    Failure.STORAGE_UNREADABLE: RetryRule(first=2.0, longest=900.0, limit=50),
    Failure.ANSWER_MALFORMED: RetryRule(first=5.0, longest=300.0, limit=6),
    Failure.CONTENT_UNJUDGEABLE: RetryRule(first=0.0, longest=0.0, limit=1),
    Failure.UNFORESEEN: RetryRule(first=5.0, longest=300.0, limit=6),
}
OUTAGES: Final = frozenset({Failure.SERVER_UNREACHABLE, Failure.DETECTOR_TIMEOUT})
"""Failures that the next thing would most likely meet as well."""

# What is least likely to heal decides: trying again helps only when everything answers.
_ORDER: Final = (
    Failure.CONTENT_UNJUDGEABLE,
    Failure.ANSWER_MALFORMED,
    Failure.STORAGE_UNREADABLE,
    Failure.DETECTOR_TIMEOUT,
    Failure.SERVER_UNREACHABLE,
)
_KINDS: Final[Mapping[str, Failure]] = {
    UNREADABLE: Failure.CONTENT_UNJUDGEABLE,
    NO_BYTES: Failure.STORAGE_UNREADABLE,
    "deadline_exceeded": Failure.DETECTOR_TIMEOUT,
    "cancelled": Failure.DETECTOR_TIMEOUT,
    "unavailable": Failure.SERVER_UNREACHABLE,
    # A server that is starting does not know its models yet.
    "not_found": Failure.SERVER_UNREACHABLE,
    "resource_exhausted": Failure.SERVER_UNREACHABLE,
    "aborted": Failure.SERVER_UNREACHABLE,
}


def failure_of(error: str) -> Failure:
    """Return the kind of one error; an unknown one is an answer that nobody understands."""
    return _KINDS.get(error.partition(":")[0], Failure.ANSWER_MALFORMED)


def failure_among(errors: Iterable[str]) -> Failure:
    """Return what decides about another try; without an error, an answer lacked a label."""
    found = {failure_of(error) for error in errors}
    return next((one for one in _ORDER if one in found), Failure.ANSWER_MALFORMED)
