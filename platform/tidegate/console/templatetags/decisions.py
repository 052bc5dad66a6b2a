"""What can be decided and what was, for templates."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import template
from django.utils.translation import get_language

from moderation.app import selectors
from moderation.core.house_rules import Title
from tidegate.accounts.viewers import Viewer
from tidegate.console import items
from tidegate.console.decision_form import (
    ACTION_TITLES,
    BULK_STATES,
    DESK_TITLES,
    DONE_TITLES,
    LAST_DECISION,
    REFUSALS,
    ROLE_TITLES,
    RULE_TITLES,
    WHY_TWO,
)

register = template.Library()


@register.filter
def action_title(name: str) -> str:
    """Return what an action is called."""
    return str(ACTION_TITLES[name])


@register.filter
def action_done(name: str) -> str:
    """Return what was done."""
    return str(DONE_TITLES[name])


@register.filter
def desk_title(name: str) -> str:
    """Return where a case waits."""
    return str(DESK_TITLES[name])


@register.filter
def role_title(name: str) -> str:
    """Return what a staff role is called."""
    return str(ROLE_TITLES[name])


@register.filter
def bulk_state(name: str) -> str:
    """Return how far a bulk decision is."""
    return str(BULK_STATES[name])


@register.filter
def spoken(value: object) -> str:
    """Return a detail of a decision as a line of text."""
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@register.filter
def why_two(code: str) -> str:
    """Return why a decision needs another person."""
    return str(WHY_TWO.get(code, code))


@register.filter
def refusal_title(code: str) -> str:
    """Return why a case is not decided, or not reversed, with others."""
    return str(REFUSALS.get(code, code))


@register.filter
def titled(title: Title) -> str:
    """Return a name of the house rules in the language that is active."""
    return title.for_language(get_language() or "en")


@register.simple_tag
def mention_count(viewer: Viewer) -> int:
    """Return how often colleagues call upon somebody who has not looked yet."""
    return 0 if viewer.user_id is None else selectors.unread_mentions(viewer.user_id)


@register.inclusion_tag("console/parts/undo.html", takes_context=True)
def offer_undo(context: dict[str, Any]) -> dict[str, Any]:
    """Offer to take back what the viewer decided a moment ago, while that is possible."""
    session, viewer = context["request"].session, context.get("viewer")
    decided = session.get(LAST_DECISION)
    if decided is None or context.get("is_ahead") or not isinstance(viewer, Viewer):
        return {"undo": None}
    undo = items.undoable(viewer, UUID(decided))
    if undo is None:
        del session[LAST_DECISION]
    return {"undo": undo, "csrf_token": context.get("csrf_token")}


@register.filter
def of_person(known: Mapping[UUID, tuple[str, ...]], person_id: UUID) -> tuple[str, ...]:
    """Return what is known of a person."""
    return known.get(person_id, ())


@register.filter
def rule_title(rule: str) -> str:
    """Return what kind of reason it is."""
    return str(RULE_TITLES.get(rule, rule))
