"""A gate that can be told what to say, in place of moderation's."""

from collections.abc import Iterator

import pytest

from tests.fakes.gate import FakeGate
from tidegate.contracts import ports


@pytest.fixture
def gate() -> Iterator[FakeGate]:
    """The gate of this process."""
    before = ports.gate()
    fake = FakeGate()
    ports.register_gate(fake)
    yield fake
    ports.register_gate(before)
