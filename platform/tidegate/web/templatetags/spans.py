"""Lengths of time in templates."""

from datetime import datetime, timedelta

from django import template
from django.utils.translation import gettext

from tidegate.primitives.clock import now

register = template.Library()
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@register.filter
def span(length: timedelta | None) -> str:
    """Return a length of time in the unit that reads best; a dash for none."""
    if length is None:
        return "–"
    seconds = length.total_seconds()
    if seconds < _MINUTE:
        return gettext("%(number)s s") % {"number": f"{seconds:.0f}"}
    if seconds < _HOUR:
        return gettext("%(number)s min") % {"number": f"{seconds / _MINUTE:.0f}"}
    if seconds < 2 * _DAY:
        return gettext("%(number)s h") % {"number": f"{seconds / _HOUR:.1f}"}
    return gettext("%(number)s d") % {"number": f"{seconds / _DAY:.1f}"}


@register.filter
def due(moment: datetime) -> str:
    """Return how long is left until a moment, or how long it is over."""
    left = moment - now()
    if left > timedelta(0):
        return gettext("due in %(time)s") % {"time": span(left)}
    return gettext("late by %(time)s") % {"time": span(-left)}
