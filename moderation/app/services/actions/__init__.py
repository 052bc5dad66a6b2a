"""What people can do about a case: one class per action, and this list of all of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moderation.app.services.actions.base import Carrying, CaseAction
from moderation.app.services.actions.desks import ReferToLegal, SecondLevel
from moderation.app.services.actions.marks import Label, Rate
from moderation.app.services.actions.rulings import Block, Release, Remove, RestrictAuthor
from tidegate.primitives.errors import InvalidInput

ACTIONS: Final[Mapping[str, CaseAction]] = MappingProxyType(
    {
        action.name: action
        for action in (
            Release(),
            Rate(),
            Label(),
            Block(),
            Remove(),
            RestrictAuthor(),
            SecondLevel(),
            ReferToLegal(),
        )
    }
)


def action_called(name: str) -> CaseAction:
    """Return the action of a name.

    Raises:
        InvalidInput: there is none.
    """
    action = ACTIONS.get(name)
    if action is None:
        raise InvalidInput(
            f"The action must be one of {', '.join(ACTIONS)}.",
            code="unknown_action",
            pointer="/action",
        )
    return action


__all__ = ["ACTIONS", "Carrying", "CaseAction", "action_called"]
