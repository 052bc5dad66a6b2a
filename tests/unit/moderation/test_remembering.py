from __future__ import annotations

import pytest

from moderation.core.remembering import Remembering
from moderation.core.wire import Finding, Unreadable


def test_the_same_bytes_are_looked_at_once_and_the_oldest_are_forgotten() -> None:
    looked: list[bytes] = []

    def judge(content: bytes) -> Finding:
        looked.append(content)
        return Finding(text=content.decode())

    remembering = Remembering(judge, most=2)
    for content in (b"a", b"a", b"b", b"a", b"c", b"a", b"b"):
        assert remembering(content).text == content.decode()
    assert looked == [b"a", b"b", b"c", b"b"]


def test_a_failure_is_not_remembered() -> None:
    is_busy = iter([True, False])

    def judge(content: bytes) -> Finding:
        if next(is_busy):
            raise Unreadable("busy")
        return Finding(text="fine")

    remembering = Remembering(judge, most=2)
    with pytest.raises(Unreadable):
        remembering(b"x")
    assert remembering(b"x").text == "fine"
