"""What is tried again, how often, and how soon: by the class of the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a failure of this class is tried again, and the longest pause before it, seconds.

    Pauses double from one second on.
    """

    retries: int
    longest_pause: int

    def pause(self, tried: int) -> timedelta | None:
        """Return the wait before the next try after `tried` of them, None when there is none."""
        if tried >= self.retries:
            return None
        return timedelta(seconds=min(2 ** min(tried, 16), self.longest_pause))


# About eighteen minutes: longer than any restart, and the end of a request that its model can
# never serve although it does not say so.
TRANSIENT = Patience(retries=40, longest_pause=30)
UNKNOWN = Patience(retries=3, longest_pause=30)
# The same request with the same seed would end the same way.
PERMANENT = Patience(retries=0, longest_pause=0)

REASONS: Mapping[str, Patience] = MappingProxyType(
    {
        "generator_unavailable": TRANSIENT,
        "interrupted_too_often": UNKNOWN,
        "unforeseen_error": UNKNOWN,
        "deadline_exceeded": PERMANENT,
        "invalid_request": PERMANENT,
        "model_withdrawn": PERMANENT,
        "nothing_made": PERMANENT,
        "answer_cut": PERMANENT,
        "answer_unfit": PERMANENT,
    }
)
