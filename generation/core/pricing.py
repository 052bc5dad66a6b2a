"""What a request costs, and how much of it comes back: arithmetic over data, no code per model.

A price is `base` credits plus terms. A term is an amount of credits for a measure of work, and
the measure a product of quantities of the request, each in its unit: `3 credits per 20 steps of
256 x 256 pixels`. The sum is rounded up once, at the end, and is at least one credit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

RATES_FILE = Path(__file__).parent / "refunds.yaml"
PROMPT_CHARACTERS = "prompt_characters"
"""The one quantity that is no parameter."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A quantity of the request in its unit, to a power: `size` per 256, squared, is an area."""

    of: str
    unit: float
    power: int = 1


@dataclass(frozen=True, slots=True)
class Term:
    """So many credits for one measure of every factor at once."""

    credits: float
    per: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """What one output costs."""

    base: float
    terms: tuple[Term, ...] = ()


class Reason(StrEnum):
    """Why an output is not, or no longer, charged in full. Part of the API: never renamed."""

    CANCELLED_BEFORE_START = "cancelled_before_start"
    CANCELLED_WHILE_RUNNING = "cancelled_while_running"
    PROMPT_REFUSED = "prompt_refused"
    SCREENING_UNAVAILABLE = "screening_unavailable"
    EXPIRED = "expired"
    FAILED = "failed"
    NOT_DELIVERED = "not_delivered"
    BLOCKED_BY_POLICY = "blocked_by_policy"
    BLOCKED_AFTER_RELEASE = "blocked_after_release"
    RELEASED_ON_APPEAL = "released_on_appeal"


def cost(price: Price, *, parameters: Mapping[str, Any], prompt: str) -> int:
    """Return the whole credits of one output, at least 1.

    A quantity that the request leaves out, or that is no number, counts as one unit: a model
    that decides for itself is charged its ordinary measure.
    """
    total = Fraction(str(price.base))
    for term in price.terms:
        measure = Fraction(str(term.credits))
        for factor in term.per:
            measure *= _units(factor, parameters, prompt) ** factor.power
        total += measure
    return max(1, -(-total.numerator // total.denominator))


def returned(price: int, reason: Reason, rates: Mapping[Reason, Fraction] | None = None) -> int:
    """Return how many of an output's credits come back for a reason, rounded up.

    For `released_on_appeal` it is what is charged again of what had come back.
    """
    share = (refund_rates() if rates is None else rates)[reason]
    exact = price * share
    return -(-exact.numerator // exact.denominator)


@cache
def refund_rates() -> Mapping[Reason, Fraction]:
    """Return the share of `refunds.yaml` by reason.

    Raises:
        ValueError: a reason has no share, an unknown one has, or a share is not from 0 to 1.
    """
    written = yaml.safe_load(RATES_FILE.read_text(encoding="utf-8"))
    if set(written) != set(Reason):
        raise ValueError(f"{RATES_FILE.name} must name each of {sorted(Reason)} and no other")
    rates = {Reason(name): Fraction(str(share)) for name, share in written.items()}
    if wrong := [name.value for name, share in rates.items() if not 0 <= share <= 1]:
        raise ValueError(f"{RATES_FILE.name}: a share is from 0 to 1, unlike that of {wrong}")
    return MappingProxyType(rates)


def _units(factor: Factor, parameters: Mapping[str, Any], prompt: str) -> Fraction:
    value = len(prompt) if factor.of == PROMPT_CHARACTERS else parameters.get(factor.of)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Fraction(1)
    return Fraction(str(value)) / Fraction(str(factor.unit))
