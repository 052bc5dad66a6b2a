"""Codes of the transparency report in templates."""

from django import template
from django.conf import settings

from tidegate.web import words

register = template.Library()


@register.filter
def dsa_title(code: str) -> str:
    """Return a code of the report in words."""
    return words.word(words.DSA, code)


@register.filter
def report_reason_title(code: str) -> str:
    """Return why somebody reported something."""
    return words.word(words.REPORT_REASONS, code)


@register.simple_tag
def publishes_transparency() -> bool:
    """Whether everybody may read the transparency report."""
    return bool(settings.TIDEGATE_PUBLISHES_TRANSPARENCY)
