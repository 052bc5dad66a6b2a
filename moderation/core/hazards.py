"""The kinds of harm the gate knows, and how urgent a person's look at each is."""

from enum import StrEnum
from functools import cache
from typing import Final


class Hazard(StrEnum):
    """One kind of harm. The value is what detectors, policies, events and rows say.

    Severities, titles and definitions stand in `taxonomy/hazards.yaml`.
    """

    CHILD_SAFETY = "child_safety"
    WEAPONS = "weapons"
    VIOLENT_CRIME = "violent_crime"
    SEXUAL_CRIME = "sexual_crime"
    SELF_HARM = "self_harm"
    DANGEROUS = "dangerous"
    NON_VIOLENT_CRIME = "non_violent_crime"
    HATE = "hate"
    VIOLENCE = "violence"
    SEXUAL = "sexual"
    HARASSMENT = "harassment"
    PRIVACY = "privacy"
    DEFAMATION = "defamation"
    COPYRIGHT = "copyright"
    DECEPTION = "deception"
    ELECTIONS = "elections"
    SPECIALISED_ADVICE = "specialised_advice"
    CODE_ABUSE = "code_abuse"
    PROMPT_ATTACK = "prompt_attack"
    SPAM = "spam"
    PROFANITY = "profanity"


GRAVEST: Final = 4
"""Severities go from 0 (no harm) to 4 (lives and children)."""
UNKNOWN: Final = ""
"""What a reason says that names no hazard."""
UNKNOWN_SEVERITY: Final = 2
"""A hazard nobody has ranked yet stands in the middle, neither first nor forgotten."""
MOST_URGENT: Final = 100
"""What is escalated stands in front of all others."""


@cache
def _severities() -> dict[str, int]:
    from moderation.core.taxonomy import taxonomy  # which names its hazards by this module

    return {hazard.name: hazard.severity for hazard in taxonomy().hazards}


def severity(hazard: str) -> int:
    """Return the severity (0-4) of a hazard's name, known or not."""
    return _severities().get(hazard, UNKNOWN_SEVERITY)


def urgency(hazard: str) -> int:
    """Return how urgently a person should look (0-100); queues put the highest first."""
    return severity(hazard) * MOST_URGENT // GRAVEST
