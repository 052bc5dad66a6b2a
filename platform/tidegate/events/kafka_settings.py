"""The broker of this deployment, from Django's settings."""

from dataclasses import fields

from django.conf import settings

from tidegate.streams.config import KafkaConfig


def kafka_config() -> KafkaConfig:
    """Return the connection, read from `settings.KAFKA` at the time of the call."""
    given = settings.KAFKA
    return KafkaConfig(
        **{
            field.name: getattr(given, field.name)
            for field in fields(KafkaConfig)
            if hasattr(given, field.name)
        }
    )
