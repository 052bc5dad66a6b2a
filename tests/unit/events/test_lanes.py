"""Order per key, and offsets that rise only over what is done."""

from __future__ import annotations

import random

import pytest

from tidegate.events.lanes import Delivery, Lanes
from tidegate.streams.records import Incoming


def delivery(offset: int, key: str = "a", partition: int = 0, *, is_done: bool = False) -> Delivery:
    record = Incoming("topic", partition, offset, key.encode(), b"")
    return Delivery(record, is_done=is_done)


def heads(lanes: Lanes, now: float = 0.0) -> list[int]:
    return [lane[0].record.offset for lane in lanes.heads(now)]


def test_only_the_first_of_a_key_may_be_worked_on() -> None:
    lanes = Lanes()
    for offset, key in enumerate("aabab"):
        lanes.add(delivery(offset, key))
    assert heads(lanes) == [0, 2]


def test_a_key_that_waits_holds_nothing_but_itself() -> None:
    lanes = Lanes()
    first, second = delivery(0, "a"), delivery(1, "b")
    lanes.add(first)
    lanes.add(second)
    lanes.postpone(first, until=10.0)
    assert heads(lanes, now=5.0) == [1]
    assert lanes.next_wake() == 0.0
    lanes.complete(second)
    assert lanes.next_wake() == 10.0
    assert heads(lanes, now=10.0) == [0]
    assert first.attempts == 1


def test_an_offset_rises_only_without_a_gap() -> None:
    lanes = Lanes()
    deliveries = [delivery(offset, str(offset)) for offset in range(4)]
    for one in deliveries:
        lanes.add(one)
    lanes.complete(deliveries[1])
    lanes.complete(deliveries[2])
    assert lanes.risen() == {}
    lanes.complete(deliveries[0])
    assert lanes.risen() == {("topic", 0): 3}
    assert lanes.risen() == {}


def test_what_nobody_listens_to_moves_the_offset_in_its_turn() -> None:
    lanes = Lanes()
    first = delivery(0)
    lanes.add(first)
    lanes.add(delivery(1, is_done=True))
    assert lanes.risen() == {}
    lanes.complete(first)
    assert lanes.risen() == {("topic", 0): 2}
    assert len(lanes) == 0


def test_a_lost_partition_is_forgotten_and_its_late_result_ignored() -> None:
    lanes = Lanes()
    lost, kept = delivery(0, "a", 0), delivery(0, "a", 1)
    lanes.add(lost)
    lanes.add(kept)
    lost.is_running = True
    lanes.drop([("topic", 0)])
    lanes.complete(lost)
    assert lanes.risen() == {}
    assert len(lanes) == 1
    lanes.add(delivery(0, "a", 0))
    assert len(lanes) == 2


def test_dropping_everything_leaves_nothing() -> None:
    lanes = Lanes()
    for offset in range(10):
        lanes.add(delivery(offset, str(offset % 3), offset % 2))
    lanes.drop(None)
    assert len(lanes) == 0
    assert heads(lanes) == []
    assert lanes.next_wake() is None


def test_a_record_that_overtakes_another_of_its_key_is_a_defect() -> None:
    lanes = Lanes()
    lanes.add(delivery(0))
    second = delivery(1)
    lanes.add(second)
    with pytest.raises(RuntimeError, match="overtook"):
        lanes.complete(second)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_timing_keys_stay_in_order_and_every_offset_is_reached(seed: int) -> None:
    chance = random.Random(seed)
    lanes, seen, now = Lanes(), dict[tuple[int, str], list[int]](), 0.0
    offsets = [0, 0, 0]
    reached = dict[tuple[str, int], int]()
    for _ in range(200):
        partition = chance.randrange(3)
        lanes.add(delivery(offsets[partition], chance.choice("abcde"), partition))
        offsets[partition] += 1
    while len(lanes):
        now += 1.0
        for lane in list(lanes.heads(now)):
            one = lane[0]
            if chance.random() < 0.4:
                lanes.postpone(one, until=now + chance.random() * 5)
                continue
            lanes.complete(one)
            key = (one.record.key or b"").decode()
            seen.setdefault((one.record.partition, key), []).append(one.record.offset)
        for place, offset in lanes.risen().items():
            assert offset > reached.get(place, 0)
            reached[place] = offset
    assert all(order == sorted(order) for order in seen.values())
    assert reached == {("topic", number): offset for number, offset in enumerate(offsets)}
