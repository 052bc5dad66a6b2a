"""A bounded memory of what was just scored, so that an unchanged text costs nothing.

Only answers are remembered, never a failure: an outage must be asked again.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memo(Generic[Key, Value]):
    """The most recently used answers, each for a limited time. Safe between threads."""

    def __init__(
        self, *, entries: int, seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        """Remember at most `entries` answers, each for `seconds`."""
        self._entries = entries
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._answers: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """Return the answer, or None when there is none or it is too old."""
        with self._lock:
            found = self._answers.get(key)
            if found is None:
                return None
            expires, answer = found
            if expires <= self._clock():
                del self._answers[key]
                return None
            self._answers.move_to_end(key)
            return answer

    def put(self, key: Key, answer: Value) -> None:
        """Remember an answer, dropping the least recently used when full."""
        with self._lock:
            self._answers[key] = (self._clock() + self._seconds, answer)
            self._answers.move_to_end(key)
            while len(self._answers) > self._entries:
                self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._answers.clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._answers)
