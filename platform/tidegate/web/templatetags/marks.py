"""What reviewers marked an output with, for templates."""

from django import template
from django.utils.translation import get_language

from moderation.app.configuration import house_rules
from tidegate.assets.models import Asset

register = template.Library()


@register.filter
def marks(asset: Asset) -> list[str]:
    """Return its rating and labels in the language that is active; none that are not known now."""
    language = get_language() or "en"
    found = house_rules().marks_of(asset.rating, asset.labels)
    return [mark.title.for_language(language) for mark in found]


@register.filter
def is_covered(asset: Asset) -> bool:
    """Whether it is seen after a click only."""
    return any(mark.covers for mark in house_rules().marks_of(asset.rating, asset.labels))
