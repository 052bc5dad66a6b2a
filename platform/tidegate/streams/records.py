"""What goes into a topic and what comes out of one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to send. Its key decides its partition; the value goes as it is."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the broker put a record. An offset of None: it had it already, and did not say."""

    topic: str
    partition: int
    offset: int | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as it came, whatever it holds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class BrokerAway(Exception):
    """The broker does not answer or does not take what it is given; trying again may help."""


class SendFailed(BrokerAway):
    """Not everything was taken: `placed` tells by index what was, in order per partition."""

    def __init__(self, why: str, placed: dict[int, Placed]) -> None:
        super().__init__(why)
        self.placed = placed
