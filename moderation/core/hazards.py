"""The kinds of harm the gate knows, and how urgent a person's look at each is."""

from enum import StrEnum
from typing import Final


class Hazard(StrEnum):
    """One kind of harm. The value is what detectors, policies, events and rows say."""

    CHILD_SAFETY = "child_safety"
    SELF_HARM = "self_harm"
    DANGEROUS = "dangerous"
    HATE = "hate"
    VIOLENCE = "violence"
    SEXUAL = "sexual"
    HARASSMENT = "harassment"
    PROMPT_ATTACK = "prompt_attack"
    SPAM = "spam"
    PROFANITY = "profanity"
    PRIVACY = "privacy"


SEVERITIES: Final[dict[str, int]] = {
    Hazard.CHILD_SAFETY: 100,
    Hazard.SELF_HARM: 80,
    Hazard.DANGEROUS: 80,
    Hazard.HATE: 60,
    Hazard.VIOLENCE: 60,
    Hazard.SEXUAL: 50,
    Hazard.PRIVACY: 50,
    Hazard.HARASSMENT: 40,
    Hazard.PROMPT_ATTACK: 30,
    Hazard.SPAM: 20,
    Hazard.PROFANITY: 10,
}
"""Severity 0-100 by hazard; queues put the highest first."""

UNKNOWN_SEVERITY: Final = 50
"""A hazard nobody has ranked yet stands in the middle, neither first nor forgotten."""


def severity(hazard: str) -> int:
    """Return the severity (0-100) of a hazard's name, known or not."""
    return SEVERITIES.get(hazard, UNKNOWN_SEVERITY)
