"""A consumer or the relay as a process of its own, for tests that kill it.

`python -m tests.integration.events.reader_process relay|consume`: the consumer writes the
`because` of every case into `test_effect`, some milliseconds apart.
"""

import sys
import time

import django

django.setup()

from tests.integration.events.support import effect  # noqa: E402
from tidegate.contracts.envelope import Envelope  # noqa: E402
from tidegate.contracts.moderation import CaseOpened  # noqa: E402
from tidegate.events import registry  # noqa: E402
from tidegate.events.engine import Engine  # noqa: E402
from tidegate.events.kafka_settings import kafka_config  # noqa: E402
from tidegate.events.processes import quieten_clients, stop_on_signal  # noqa: E402
from tidegate.events.relay import Relay  # noqa: E402
from tidegate.streams.consumer import Consumer  # noqa: E402


def write_slowly(event: CaseOpened, envelope: Envelope) -> None:
    """Leave time to be killed in the middle of a transaction."""
    effect(event.because)
    time.sleep(0.005)


def main(role: str) -> None:
    """Run until killed."""
    quieten_clients()
    stop = stop_on_signal()
    if role == "relay":
        Relay(kafka_config()).run(stop)
        return
    listener = registry.consumer("mortal", {CaseOpened: write_slowly})
    consumer = Consumer(kafka_config(), group=listener.name, topics=listener.topics)
    consumer.run(Engine(listener), stop)


if __name__ == "__main__":
    main(sys.argv[1])
