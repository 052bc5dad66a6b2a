"""The probe as a Django application."""

from django.apps import AppConfig

from tidegate.contracts.envelope import Envelope
from tidegate.contracts.generation import JobQueued

CONSUMER = "bench"


class Probe(AppConfig):
    """Registers the consumer that does nothing: what remains is the way to it."""

    name = "tests.benchmarks.probe"
    label = "probe"

    def ready(self) -> None:
        from tidegate.events.registry import consumer

        consumer(CONSUMER, {JobQueued: nothing})


def nothing(event: JobQueued, envelope: Envelope) -> None:
    """Handle an event without any effect but its inbox row."""
