"""The probe as a Django application."""

import os

from django.apps import AppConfig

from tidegate.contracts.envelope import Envelope
from tidegate.contracts.generation import JobQueued

CONSUMER = "bench"
DETECTORS = "TIDEGATE_BENCH_DETECTORS"
"""The environment variable that, when it says "off", has the gate's detectors answer at once."""


class Probe(AppConfig):
    """Registers the consumer that does nothing: what remains is the way to it."""

    name = "tests.benchmarks.probe"
    label = "probe"

    def ready(self) -> None:
        from tidegate.events.registry import consumer

        consumer(CONSUMER, {JobQueued: nothing})
        if os.environ.get(DETECTORS) == "off":
            from moderation.app import engine
            from tests.fakes.detectors import FakeDetectors

            vars(engine)["Detectors"] = lambda _: FakeDetectors()


def nothing(event: JobQueued, envelope: Envelope) -> None:
    """Handle an event without any effect but its inbox row."""
