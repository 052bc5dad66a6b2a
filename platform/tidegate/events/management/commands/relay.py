"""`manage.py relay`: ship the outbox to the broker until told to stop."""

import logging
from typing import Any

from django.core.management.base import BaseCommand

from tidegate.events.kafka_settings import kafka_config
from tidegate.events.processes import quieten_clients, say_ready, stop_on_signal
from tidegate.events.relay import Relay

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Ends with 0 on SIGTERM or SIGINT, after the batch in hand."""

    help = "Ship announced events to the broker, in order; one relay per database is active."

    def handle(self, *args: Any, **options: Any) -> None:
        quieten_clients()
        stop = stop_on_signal()
        relay = Relay(kafka_config())
        logger.info("relay started")
        say_ready()
        relay.run(stop)
        logger.info("relay stopped after %s events", relay.published)
