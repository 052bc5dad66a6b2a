"""What reviewers marked an output with, for templates."""

from django import template
from django.utils.translation import get_language

from moderation.app.configuration import house_rules
from tidegate.assets.models import Asset

register = template.Library()


@register.filter
def marks(asset: Asset) -> list[str]:
    """Return its rating and labels in the language that is active; none that are not known now."""
    rules, language = house_rules(), get_language() or "en"
    found = [rules.ratings.get(asset.rating), *(rules.labels.get(one) for one in asset.labels)]
    return [mark.title.for_language(language) for mark in found if mark is not None]


@register.filter
def is_covered(asset: Asset) -> bool:
    """Whether it is seen after a click only."""
    rules = house_rules()
    known = [rules.ratings.get(asset.rating), *(rules.labels.get(one) for one in asset.labels)]
    return any(mark is not None and mark.covers for mark in known)
