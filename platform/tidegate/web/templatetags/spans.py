"""Lengths of time in templates."""

from datetime import timedelta

from django import template
from django.utils.translation import gettext

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
