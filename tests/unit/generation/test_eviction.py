"""Which models a server gives up."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from generation.core.catalogue import Loading
from generation.core.eviction import Resident, idle, to_make_room

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def resident(
    name: str,
    *,
    minutes_ago: int | None = 60,
    when: Literal["start", "demand"] = "demand",
    idle_seconds: int = 600,
    memory_mb: int = 100,
    is_busy: bool = False,
) -> Resident:
    used_at = None if minutes_ago is None else NOON - timedelta(minutes=minutes_ago)
    return Resident(name, Loading(when, idle_seconds, memory_mb), used_at, is_busy)


@pytest.mark.parametrize(
    ("one", "going"),
    [
        (resident("a"), ["a"]),
        (resident("a", minutes_ago=10), ["a"]),
        (resident("a", minutes_ago=9), []),
        (resident("a", minutes_ago=None), []),
        (resident("a", is_busy=True), []),
        (resident("a", when="start"), []),
        (resident("a", idle_seconds=0), []),
    ],
)
def test_a_model_on_demand_goes_after_its_idle_time(one: Resident, going: list[str]) -> None:
    assert idle([one], at=NOON) == going


HELD = [
    resident("start", when="start", minutes_ago=500),
    resident("busy", is_busy=True, minutes_ago=400),
    resident("old", minutes_ago=300),
    resident("newer", minutes_ago=200),
    resident("unmeasured", memory_mb=0, minutes_ago=350),
]


@pytest.mark.parametrize(
    ("needed", "limit", "going"),
    [
        (100, 500, []),
        (101, 500, ["old"]),
        (200, 500, ["old"]),
        (201, 500, ["old", "newer"]),
        (5000, 500, ["old", "newer"]),
        (5000, 0, []),
    ],
)
def test_the_least_recently_used_make_room_until_it_fits(
    needed: int, limit: int, going: list[str]
) -> None:
    assert to_make_room(HELD, needed_mb=needed, limit_mb=limit) == going


def test_one_that_was_never_used_goes_first() -> None:
    held = [resident("used", minutes_ago=500), resident("never", minutes_ago=None)]
    assert to_make_room(held, needed_mb=100, limit_mb=200) == ["never"]
