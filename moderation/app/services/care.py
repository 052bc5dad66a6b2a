"""Writes of the care for reviewers: what they choose for themselves, what leads set for all."""

from dataclasses import asdict
from typing import Any, Final

from django.db import transaction

from moderation.app.care_choices import (
    CareChoice,
    HazardChoice,
    RulesChoice,
    require_care,
    require_rules,
)
from moderation.app.models import CareRules, Case, ReviewerCare
from moderation.app.roles import require_policy_admin, require_reader
from moderation.app.selectors.care import care_rules, kept_from
from moderation.app.services.care_at_work import lock_care
from moderation.app.services.case_effects import let_go
from moderation.app.services.reasons import kept_reason
from moderation.core.hazards import Hazard
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.audit.services import lock_chains, record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed

_PLATFORM: Final = "platform"
_CHOSEN: Final = (
    "blur",
    "is_grey",
    "is_muted",
    "has_stills",
    "by_hazard",
    "last",
    "opted_out",
)
_SET: Final = (
    "blur",
    "is_grey",
    "is_muted",
    "has_stills",
    "floor_blur",
    "floor_is_grey",
    "floor_is_muted",
    "floor_has_stills",
    "last",
    "work_minutes",
    "exposures",
    "break_minutes",
)


@transaction.atomic
def choose_care(*, viewer: Viewer, choice: CareChoice) -> ReviewerCare:
    """Keep all that somebody chose for themselves. Choosing the same again changes nothing.

    What they hold of a hazard that they opt out of goes back to the queue with it.

    Raises:
        NotAllowed: no review staff, or an API key: nobody chooses for somebody else.
        InvalidInput: unknown values, or less than the install's floor; each is named.
    """
    require_reader(viewer)
    if viewer.user_id is None or viewer.is_key:
        raise NotAllowed("Only a signed-in person does this.", code="person_only")
    require_care(choice, care_rules().floor)
    row = lock_care(viewer.user_id)
    before = _picture(row, _CHOSEN)
    row.blur = choice.blur
    row.is_grey, row.is_muted, row.has_stills = choice.is_grey, choice.is_muted, choice.has_stills
    row.by_hazard = {name: kept for name, one in choice.by_hazard.items() if (kept := _kept(one))}
    row.last = None if choice.last is None else list(choice.last)
    row.opted_out = [hazard.value for hazard in Hazard if hazard in choice.opted_out]
    after = _picture(row, _CHOSEN)
    if after == before:
        return row
    row.save(update_fields=_CHOSEN)
    held = _lock_held(row)
    lock_chains([_PLATFORM, *(f"organisation:{case.organisation_id}" for case in held)])
    for case in held:
        let_go(case, actor=viewer.actor(), correlation_id=case.asset.correlation_id)
    record(
        Action.CARE_CHANGED,
        chain=_PLATFORM,
        actor=viewer.actor(),
        subject_type="moderation.care",
        subject_id=str(viewer.user_id),
        before=before,
        after=after,
    )
    return row


@transaction.atomic
def set_care_rules(*, viewer: Viewer, choice: RulesChoice, reason: str) -> CareRules:
    """Set the defaults, the floor and the breaks of everybody. The same again changes nothing.

    Raises:
        NotAllowed: not a policy admin.
        InvalidInput: unknown values, defaults beneath the floor, figures out of range, no reason.
    """
    user_id = require_policy_admin(viewer)
    words = kept_reason(reason, missing="Say why.")
    require_rules(choice)
    # There may be no row to lock yet: who sets rules at the same time waits here.
    lock_chains([_PLATFORM])
    row = CareRules.objects.first()
    before = None if row is None else _picture(row, _SET)
    values: dict[str, Any] = {
        **asdict(choice.defaults),
        **{f"floor_{name}": value for name, value in asdict(choice.floor).items()},
        "last": list(choice.last),
        "work_minutes": choice.work_minutes,
        "exposures": choice.exposures,
        "break_minutes": choice.break_minutes,
    }
    if row is not None and before == values:
        return row
    row, _ = CareRules.objects.update_or_create(
        is_only=True, defaults={**values, "set_by_id": user_id, "set_at": now()}
    )
    record(
        Action.CARE_RULES_CHANGED,
        chain=_PLATFORM,
        actor=viewer.actor(),
        subject_type="moderation.care_rules",
        subject_id=str(row.pk),
        before=before,
        after=_picture(row, _SET),
        reason=words,
    )
    return row


def _lock_held(row: ReviewerCare) -> list[Case]:
    """Lock what somebody holds and is not given any more: assets by id, then the cases."""
    theirs = Case.objects.filter(
        kept_from(row.person_id, row), state=Case.State.CLAIMED, claimed_by_id=row.person_id
    )
    asset_ids = sorted(theirs.values_list("asset_id", flat=True))
    if not asset_ids:
        return []
    list(Asset.objects.select_for_update(no_key=True).filter(pk__in=asset_ids).order_by("pk"))
    locked = Case.objects.select_for_update(of=("self",), no_key=True).select_related("asset")
    held = locked.filter(
        asset_id__in=asset_ids, state=Case.State.CLAIMED, claimed_by_id=row.person_id
    )
    return list(held.order_by("pk"))


def _kept(choice: HazardChoice) -> dict[str, Any]:
    given = {"blur": choice.blur or None, "is_grey": choice.is_grey}
    return {name: value for name, value in given.items() if value is not None}


def _picture(row: ReviewerCare | CareRules, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
