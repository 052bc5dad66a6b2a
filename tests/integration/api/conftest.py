"""A caller with a key, a gate that can be told what to say, and tickets that go nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache

from tests.fakes.gate import FakeGate
from tidegate.contracts import ports

if TYPE_CHECKING:
    from tests.integration.api.caller import Caller


@pytest.fixture(autouse=True)
def no_sign_ins_counted() -> None:
    """Tries of another test do not slow down this one's."""
    cache.clear()


@pytest.fixture
def gate() -> Iterator[FakeGate]:
    """The gate in place of moderation's."""
    before = ports.gate()
    fake = FakeGate()
    ports.register_gate(fake)
    yield fake
    ports.register_gate(before)


@pytest.fixture
def no_tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    """No ticket is really sent."""
    from generation.app import tickets

    def issue(modality: str, *, count: int = 1) -> int:
        return count

    monkeypatch.setattr(tickets, "issue", issue)


@pytest.fixture
def caller(db: None, gate: FakeGate, no_tickets: None) -> Caller:
    """Somebody with an account, a project and a key with every plain scope."""
    from tests.integration.api.caller import Caller

    return Caller()
