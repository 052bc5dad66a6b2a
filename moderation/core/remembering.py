"""Detectors that remember what they found.

Whoever asked may have gone when the answer is ready: a busy machine took longer than the deadline.
It asks again later, and were the work done anew each time, no answer would ever come in time and
the repeated questions would keep the machine busy by themselves. So late answers are kept.
"""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

from moderation.core.wire import Finding

Judge = Callable[[bytes], Finding]


class Remembering:
    """A judge that looks at the same bytes once; failures are not remembered. For one thread."""

    def __init__(self, judge: Judge, *, most: int) -> None:
        """Remember what `judge` found in the `most` latest items."""
        self._judge = judge
        self._most = most
        self._found: OrderedDict[bytes, Finding] = OrderedDict()

    def __call__(self, content: bytes) -> Finding:
        """Return what was found in an item. Raises what the judge raises."""
        key = sha256(content).digest()
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._judge(content)
            if len(self._found) > self._most:
                self._found.popitem(last=False)
        else:
            self._found.move_to_end(key)
        return found
