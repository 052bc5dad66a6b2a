"""The Kafka topics of the platform."""

from enum import StrEnum


class Topic(StrEnum):
    """Every topic there is; a record's key decides its partition, so order holds per key."""

    GENERATION = "tidegate.generation"
    ASSETS = "tidegate.assets"
    MODERATION = "tidegate.moderation"
    INTERACTIONS = "tidegate.interactions"
    CREDITS = "tidegate.credits"
    DEAD_LETTERS = "tidegate.dead-letters"
