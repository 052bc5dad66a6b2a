"""How something is shown to whoever judges it, for templates."""

from collections.abc import Collection

from django import template

from moderation.core.care import Care, Manner
from tidegate.console.manners import BLURS

register = template.Library()


@register.filter
def veil_class(manner: Manner) -> str:
    """Return the classes that the style sheet veils by."""
    return f"blur-{manner.blur}{' grey' if manner.is_grey else ''}"


@register.filter
def manner_for(care: Care, hazards: Collection[str]) -> Manner:
    """Return how somebody is shown a case about these hazards."""
    return care.manner_for(hazards)


@register.filter
def blur_title(name: str) -> str:
    """Return what a strength of blur is called."""
    return str(BLURS[name])


@register.filter
def clock(seconds: float) -> str:
    """Return a moment of a film as minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
