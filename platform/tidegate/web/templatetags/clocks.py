"""Clocks of cases in templates."""

from django import template

from moderation.app.configuration import clocks

register = template.Library()


@register.filter
def clock_basis(name: str) -> str:
    """Return the ground of a clock; nothing for one that the deployment does not have any more."""
    clock = clocks().by_name.get(name)
    return "" if clock is None else clock.basis
