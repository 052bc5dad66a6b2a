"""Figures with their intervals, for templates."""

from collections.abc import Mapping
from typing import Final

from django import template
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderation.core.agreement import Agreement
from moderation.core.calibration import Suggestion, TooFew
from moderation.core.intervals import Interval
from tidegate.console.charts import Whisker, whisker

register = template.Library()
ANSWER_TITLES: Final[Mapping[str, str | Promise]] = {
    "release": _("Release"),
    "block": _("Block"),
    "refer": _("Ask others"),
}


@register.filter
def drawn(figure: Agreement | Interval) -> Whisker | None:
    """Return where a figure and its interval stand; None for one that says nothing."""
    if isinstance(figure, Interval):
        return whisker(figure.value, figure.low, figure.high)
    return None if figure.kappa is None else whisker(figure.kappa, figure.low, figure.high)


@register.filter
def two_places(figure: float | None) -> str:
    """Return a figure with two decimal places, as the language writes it; – for none."""
    return "–" if figure is None else number_format(figure, 2)


@register.filter
def at_least(figure: Agreement | Interval) -> str:
    """Return the interval in words; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{number_format(figure.low, 2)} – {number_format(figure.high, 2)}"


@register.filter
def is_suggestion(found: Suggestion | TooFew | None) -> bool:
    """Whether a threshold is proposed."""
    return isinstance(found, Suggestion)


@register.filter
def is_too_few(found: Suggestion | TooFew | None) -> bool:
    """Whether labels are missing."""
    return isinstance(found, TooFew)


@register.filter
def answer_title(answer: str) -> str:
    """Return what was answered."""
    return str(ANSWER_TITLES.get(answer, answer))
