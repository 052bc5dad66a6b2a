"""A gate that can be told what to say, somebody who makes things, and tickets that are counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.fakes.gate import FakeGate
from tidegate.contracts import ports

if TYPE_CHECKING:
    from tests.integration.generation.maker import Maker


@pytest.fixture
def gate() -> Iterator[FakeGate]:
    """The gate in place of moderation's."""
    before = ports.gate()
    fake = FakeGate()
    ports.register_gate(fake)
    yield fake
    ports.register_gate(before)


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modalities of the tickets that were issued; none is really sent."""
    from generation.app import tickets

    sent: list[str] = []

    def issue(modality: str, *, count: int = 1) -> int:
        sent.extend([modality] * count)
        return count

    monkeypatch.setattr(tickets, "issue", issue)
    monkeypatch.setattr(tickets, "waiting", sent.count)
    return sent


@pytest.fixture
def maker(gate: FakeGate, issued: list[str], db: None) -> Maker:
    """Somebody who makes things; with `django_db(transaction=True)`, threads see them too."""
    from tests.integration.generation.maker import Maker

    return Maker()
