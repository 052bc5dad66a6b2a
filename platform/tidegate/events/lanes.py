"""Order: which records may be worked on now, and up to where a partition is done.

Pure bookkeeping. A lane is a key within a partition; its records go one after another. Lanes
do not wait for each other, and a partition's offset rises only over what is done without a gap.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tidegate.contracts.envelope import Envelope
from tidegate.streams.records import Incoming

Partition = tuple[str, int]
Lane = tuple[str, int, bytes | None]


@dataclass(slots=True)
class Delivery:
    """One record on its way through a consumer. `problem` is set when it could not be read."""

    record: Incoming
    envelope: Envelope | None = None
    event: Any = None
    problem: str = ""
    attempts: int = 0
    not_before: float = 0.0
    is_running: bool = False
    is_done: bool = False
    is_dropped: bool = field(default=False)

    @property
    def partition(self) -> Partition:
        """Where it came from."""
        return (self.record.topic, self.record.partition)

    @property
    def lane(self) -> Lane:
        """What it must stay in order with."""
        return (self.record.topic, self.record.partition, self.record.key)


class Lanes:
    """Deliveries taken and not yet done."""

    def __init__(self) -> None:
        self._partitions: dict[Partition, deque[Delivery]] = {}
        self._lanes: dict[Lane, deque[Delivery]] = {}
        self._risen: dict[Partition, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, delivery: Delivery) -> None:
        """Take one record; one that is done already (nobody listens) only moves the offset."""
        self._partitions.setdefault(delivery.partition, deque()).append(delivery)
        if delivery.is_done:
            self._rise(delivery.partition)
            return
        self._lanes.setdefault(delivery.lane, deque()).append(delivery)
        self._count += 1

    def heads(self, now: float) -> Iterator[deque[Delivery]]:
        """Yield every lane whose first record may be worked on at `now`."""
        for lane in list(self._lanes.values()):
            if not lane[0].is_running and lane[0].not_before <= now:
                yield lane

    def next_wake(self) -> float | None:
        """Return when the first waiting lane may go on, or None when nothing waits."""
        times = [lane[0].not_before for lane in self._lanes.values() if not lane[0].is_running]
        return min(times) if times else None

    def complete(self, delivery: Delivery) -> None:
        """Say that a lane's first record is done."""
        delivery.is_running = False
        if delivery.is_dropped:
            return
        delivery.is_done = True
        lane = self._lanes[delivery.lane]
        if lane.popleft() is not delivery:
            raise RuntimeError("a record overtook another of its key")
        if not lane:
            del self._lanes[delivery.lane]
        self._count -= 1
        self._rise(delivery.partition)

    def postpone(self, delivery: Delivery, *, until: float) -> None:
        """Let a lane wait."""
        delivery.is_running = False
        delivery.attempts += 1
        delivery.not_before = until

    def drop(self, partitions: Iterable[Partition] | None) -> None:
        """Forget everything of these partitions, or of all."""
        for partition in list(self._partitions if partitions is None else partitions):
            self._risen.pop(partition, None)
            for delivery in self._partitions.pop(partition, ()):
                delivery.is_dropped = True
                if not delivery.is_done:
                    self._count -= 1
                    self._lanes.pop(delivery.lane, None)

    def risen(self) -> dict[Partition, int]:
        """Return the next offset of every partition that moved since the last call."""
        risen, self._risen = self._risen, {}
        return risen

    def _rise(self, partition: Partition) -> None:
        waiting = self._partitions[partition]
        while waiting and waiting[0].is_done:
            self._risen[partition] = waiting.popleft().record.offset + 1
