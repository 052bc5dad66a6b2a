from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.stack import ports


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    busy: set[int] = set()
    monkeypatch.setattr(ports, "is_free", lambda port: port not in busy)
    return busy


def test_every_name_gets_a_port_of_its_own(taken: set[int]) -> None:
    chosen = ports.choose(("a", "b", "c"), home=Path("/one"), earlier={}, fixed={})
    assert len(set(chosen.values())) == 3


def test_two_checkouts_begin_at_different_places(taken: set[int]) -> None:
    one = ports.choose(("a", "b"), home=Path("/one"), earlier={}, fixed={})
    two = ports.choose(("a", "b"), home=Path("/two"), earlier={}, fixed={})
    assert not set(one.values()) & set(two.values())


def test_earlier_ports_are_kept_while_they_are_free(taken: set[int]) -> None:
    earlier = {"a": 20_000, "b": 20_001}
    taken.add(20_001)
    chosen = ports.choose(("a", "b"), home=Path("/one"), earlier=earlier, fixed={})
    assert chosen["a"] == 20_000
    assert chosen["b"] != 20_001


def test_a_port_asked_for_by_name_is_refused_when_taken(taken: set[int]) -> None:
    taken.add(9_000)
    with pytest.raises(ports.PortTaken, match="9000 for web"):
        ports.choose(("web",), home=Path("/one"), earlier={}, fixed={"web": 9_000})
