"""`manage.py consume NAME`: hand events to one registered consumer until told to stop."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tidegate.events import registry
from tidegate.events.engine import Engine
from tidegate.events.errors import UnknownConsumer
from tidegate.events.kafka_settings import kafka_config
from tidegate.events.processes import quieten_clients, say_ready, stop_on_signal
from tidegate.streams.consumer import Consumer

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Ends with 0 on SIGTERM or SIGINT, after the work in hand is done and committed."""

    help = "Run one consumer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the consumer's name, as its app registered it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            listener = registry.listener(options["name"])
        except UnknownConsumer as error:
            raise CommandError(str(error)) from error
        quieten_clients()
        stop = stop_on_signal()
        engine = Engine(listener)
        consumer = Consumer(kafka_config(), group=listener.name, topics=listener.topics)
        logger.info("consumer %s started, listening to %s", listener.name, listener.topics)
        say_ready()
        consumer.run(engine, stop)
        logger.info(
            "consumer %s stopped: %s handled, %s skipped, %s given up",
            listener.name,
            engine.handled,
            engine.skipped,
            engine.buried,
        )
