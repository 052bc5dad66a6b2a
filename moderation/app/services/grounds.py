"""On which reason of the tree a decision rests, and what has to be said with it."""

from collections.abc import Mapping
from typing import Any

from moderation.app.configuration import house_rules
from moderation.app.models import Case
from moderation.app.services.actions.base import CaseAction
from moderation.core.house_rules import FIELD_CHARACTERS, Ground
from moderation.core.masking import masked
from tidegate.primitives.errors import FieldError, InvalidInput


def grounds_of(
    action: CaseAction, case: Case, reason_code: str, details: Mapping[str, Any]
) -> tuple[Ground, dict[str, str], dict[str, Any]]:
    """Return the reason, the fields that it needs, and what is left of the details.

    Without a code, that of the first thing the case is about which needs nothing more.

    Raises:
        InvalidInput: there is no such reason, it does not justify the action, or it needs more;
            every field that is missing is named.
    """
    rules = house_rules()
    if not reason_code:
        return rules.ground_for(named_in(case), action.name), {}, dict(details)
    ground = rules.grounds.get(reason_code)
    if ground is None or action.name not in ground.actions:
        offered = ", ".join(one.code for one in rules.offered_for(action.name))
        raise InvalidInput(
            f"This reason does not justify it; these do: {offered}.",
            code="unknown_reason_code" if ground is None else "reason_does_not_justify",
            pointer="/reason_code",
        )
    filled, errors, rest = {}, [], dict(details)
    for needed in ground.needs:
        value = rest.pop(needed.name, "")
        words = value.strip() if isinstance(value, str) else ""
        if not words or len(words) > FIELD_CHARACTERS or "\0" in words:
            errors.append(
                FieldError(
                    f"/details/{needed.name}",
                    "detail_missing" if not words else "reason_invalid",
                    f"{needed.title.en}: 1 to {FIELD_CHARACTERS} characters.",
                )
            )
        filled[needed.name] = masked(words)
    if errors:
        raise InvalidInput(f"The reason {ground.code!r} needs more.", errors=errors)
    return ground, filled, rest


def named_by(ground: Ground, reason_code: str, case: Case) -> tuple[str, ...]:
    """Return the hazards that a ruling is about: the one that its maker chose, or the case's."""
    return (ground.hazard,) if reason_code and ground.hazard else tuple(named_in(case))


def named_in(case: Case) -> list[str]:
    """Return what a case is about: its hazards, or else what was reported."""
    reported = case.reports.exclude(reason="").values_list("reason", flat=True)
    return list(case.hazards) or sorted(set(reported))
