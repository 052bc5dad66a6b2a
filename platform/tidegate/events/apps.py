"""The events application."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Outbox, inbox and dead letters."""

    name = "tidegate.events"
    label = "events"
