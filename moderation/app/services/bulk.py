"""The same decision about many cases, and its reversal, case by case.

A preview says what would happen and gives a digest; carrying out takes the digest, so that nobody
decides about what has changed since they looked. The row says which cases; each is decided in a
transaction of its own, so that a process may die anywhere: `advance_bulks` goes on.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from moderation.app.models import BulkDecision, Case
from moderation.app.roles import require_lead
from moderation.app.selectors.decisions import bulk_decision
from moderation.app.selectors.impact import why_two
from moderation.app.selectors.parties import part_in
from moderation.app.services.actions import CaseAction, action_called
from moderation.app.services.decisions import decide_case
from moderation.app.services.grounds import grounds_of, named_by
from moderation.app.services.reasons import kept_reason
from moderation.app.services.reversals import reverse_decision
from moderation.core.masking import masked
from tidegate.accounts.models import User
from tidegate.accounts.selectors import viewer_for_user
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, TidegateError

MOST_CASES: Final = 500


@dataclass(frozen=True, slots=True)
class Line:
    """What would happen with one case; `refusal` is the code of why nothing would."""

    case_id: UUID
    asset_id: UUID
    title: str
    modality: str
    visibility: str
    hazards: tuple[str, ...]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a decision about many cases would do. `digest` stands for all of it."""

    action: str
    lines: tuple[Line, ...]
    digest: str

    @property
    def decided(self) -> int:
        """How many cases would be decided."""
        return sum(not line.refusal for line in self.lines)

    @property
    def refusals(self) -> dict[str, int]:
        """Why others would not, as codes, and how often."""
        return dict(Counter(line.refusal for line in self.lines if line.refusal))


def preview_bulk(
    *,
    viewer: Viewer,
    case_ids: Sequence[UUID],
    action: str,
    reason_code: str = "",
    details: Mapping[str, Any] | None = None,
) -> Preview:
    """Say what the same decision about these cases would do. Nothing is written.

    Raises:
        NotAllowed: not senior staff, or the action is not for the viewer's roles.
        InvalidInput: no case, too many, or what `decide_case` says of action, reason and details.
    """
    require_lead(viewer)
    chosen = action_called(action)
    chosen.require(viewer)
    if chosen.ruling is None:
        raise InvalidInput("Only rulings are made in bulk.", code="not_in_bulk", pointer="/action")
    ids = list(dict.fromkeys(case_ids))
    if not 1 <= len(ids) <= MOST_CASES:
        raise InvalidInput(
            f"Choose 1 to {MOST_CASES} cases.", code="too_many_cases", pointer="/case_ids"
        )
    found = Case.objects.select_related("asset").in_bulk(ids)
    visible = [
        found[one]
        for one in ids
        if one in found and viewer.organisation_id in {None, found[one].organisation_id}
    ]
    lines = tuple(_line(case, chosen, reason_code, details or {}, viewer) for case in visible)
    text = "\n".join(
        [
            f"{action} {reason_code} {sorted((details or {}).items())}",
            *(f"{line.case_id} {line.visibility} {line.refusal}" for line in lines),
        ]
    )
    return Preview(action, lines, hashlib.sha256(text.encode()).hexdigest())


@transaction.atomic
def start_bulk(
    *,
    viewer: Viewer,
    case_ids: Sequence[UUID],
    action: str,
    reason: str,
    digest: str,
    reason_code: str = "",
    details: Mapping[str, Any] | None = None,
    list_hashes: bool = False,
) -> BulkDecision:
    """Begin what was previewed; `advance_bulks` carries it out. The same digest twice is once.

    Raises:
        NotAllowed, InvalidInput: as `preview_bulk`, or no reason.
        Conflict: something has changed since the preview, or nothing would be decided.
    """
    user_id = require_lead(viewer)
    words = kept_reason(reason, missing="A decision needs a reason.")
    preview = preview_bulk(
        viewer=viewer,
        case_ids=case_ids,
        action=action,
        reason_code=reason_code,
        details=details,
    )
    begun = BulkDecision.objects.filter(made_by_id=user_id, digest=digest).first()
    if begun is not None:
        return begun
    if preview.digest != digest:
        raise Conflict("Something has changed since: look again.", code="preview_stale")
    if not preview.decided:
        raise Conflict("None of these cases would be decided.", code="nothing_to_decide")
    bulk = BulkDecision(
        made_by_id=user_id,
        organisation_id=viewer.organisation_id,
        action=action,
        reason_code=reason_code,
        reason=words,
        details=dict(details or {}),
        list_hashes=list_hashes,
        digest=digest,
        case_ids=[str(line.case_id) for line in preview.lines if not line.refusal],
        passed_over={str(line.case_id): line.refusal for line in preview.lines if line.refusal},
    )
    bulk.save(force_insert=True)
    _record(Action.BULK_STARTED, bulk, viewer, reason=words)
    return bulk


@transaction.atomic
def reverse_bulk(*, viewer: Viewer, bulk_id: UUID, reason: str) -> BulkDecision:
    """Begin to take back every decision of a bulk; `advance_bulks` does it. Twice is once.

    What was not decided yet is not decided any more. What has moved on since is kept, and said.

    Raises:
        NotAllowed: not senior staff.
        NotFound: no such bulk decision.
        InvalidInput: no reason.
    """
    user_id = require_lead(viewer)
    words = kept_reason(reason, missing="Taking decisions back needs a reason.")
    bulk_decision(viewer, bulk_id)
    bulk = BulkDecision.objects.select_for_update(of=("self",)).get(pk=bulk_id)
    if bulk.state in (BulkDecision.State.REVERSING, BulkDecision.State.REVERSED):
        return bulk
    bulk.state = BulkDecision.State.REVERSING
    bulk.reversed_by_id, bulk.reversal_reason = user_id, words
    bulk.save(update_fields=["state", "reversed_by", "reversal_reason"])
    _record(Action.BULK_REVERSED, bulk, viewer, reason=words)
    return bulk


def advance_bulks(*, seconds: float, most: int = 1_000) -> int:
    """Go on with bulk decisions and reversals for so long; return how many cases were done."""
    until, done = time.monotonic() + seconds, 0
    under_way = BulkDecision.objects.filter(
        state__in=[BulkDecision.State.RUNNING, BulkDecision.State.REVERSING]
    )
    for bulk_id in list(under_way.order_by("created_at").values_list("pk", flat=True)):
        while done < most and time.monotonic() < until and _one(bulk_id):
            done += 1
    return done


def _one(bulk_id: UUID) -> bool:
    """Do the next case of a bulk; False when it is done, or somebody else is at it."""
    with transaction.atomic():
        rows = BulkDecision.objects.select_for_update(of=("self",), skip_locked=True)
        bulk = rows.filter(pk=bulk_id).first()
        if bulk is None:
            return False
        if bulk.state == BulkDecision.State.RUNNING:
            return _decide_next(bulk)
        if bulk.state == BulkDecision.State.REVERSING:
            return _reverse_next(bulk)
        return False


def _decide_next(bulk: BulkDecision) -> bool:
    made = {str(one) for one in bulk.decisions.values_list("case_id", flat=True)}
    left = [one for one in bulk.case_ids if one not in made and one not in bulk.passed_over]
    if not left:
        bulk.state, bulk.finished_at = BulkDecision.State.DONE, now()
        bulk.save(update_fields=["state", "finished_at"])
        return False
    try:
        with transaction.atomic():
            decided = decide_case(
                case_id=UUID(left[0]),
                action=bulk.action,
                viewer=_acting(bulk.made_by, bulk),
                reason=bulk.reason,
                reason_code=bulk.reason_code,
                details=bulk.details,
                list_hashes=bulk.list_hashes,
                bulk=bulk,
            )
        refusal = _unless_ours(decided, bulk)
    except TidegateError as error:
        refusal = error.code
    if refusal:
        bulk.passed_over[left[0]] = refusal
        bulk.save(update_fields=["passed_over"])
    return True


def _unless_ours(case: Case, bulk: BulkDecision) -> str:
    """Return why nothing was decided by this bulk: it had been, or a second person is needed."""
    if case.decisions.filter(bulk=bulk, is_proposal=False).exists():
        return ""
    return "case_decided" if case.state == Case.State.DECIDED else "second_level"


def _reverse_next(bulk: BulkDecision) -> bool:
    standing = bulk.decisions.filter(reversed_at=None).exclude(case__in=list(bulk.kept))
    decision = standing.order_by("-created_at", "-id").first()
    if decision is None:
        bulk.state, bulk.reversed_at = BulkDecision.State.REVERSED, now()
        bulk.save(update_fields=["state", "reversed_at"])
        return False
    assert bulk.reversed_by is not None  # noqa: S101  # a CHECK of the table
    try:
        with transaction.atomic():
            reverse_decision(
                decision_id=decision.pk,
                viewer=_acting(bulk.reversed_by, bulk),
                reason=bulk.reversal_reason,
            )
    except TidegateError as error:
        bulk.kept[str(decision.case_id)] = error.code
        bulk.save(update_fields=["kept"])
    return True


def _acting(person: User, bulk: BulkDecision) -> Viewer:
    """Return whose decisions these are, with the roles that they have now."""
    return replace(viewer_for_user(person), organisation_id=bulk.organisation_id)


def _line(
    case: Case,
    action: CaseAction,
    reason_code: str,
    details: Mapping[str, Any],
    viewer: Viewer,
) -> Line:
    ground, filled, rest = grounds_of(action, case, reason_code, details)
    given = {**action.read(rest), **filled}
    return Line(
        case_id=case.pk,
        asset_id=case.asset_id,
        title=masked(case.asset.title or case.asset.prompt),
        modality=case.asset.modality,
        visibility=case.asset.visibility,
        hazards=named_by(ground, reason_code, case),
        refusal=_refusal(case, action, given, viewer),
    )


def _refusal(case: Case, action: CaseAction, given: Mapping[str, Any], viewer: Viewer) -> str:
    """Return why a case is not decided in bulk: what needs a person's own thought is left out."""
    if case.state == Case.State.DECIDED:
        return "case_decided"
    if case.because == Case.Because.APPEAL:
        return "appeal"
    if case.desk != Case.Desk.FIRST:
        return "other_desk"
    if viewer.user_id is not None and case.is_held_by_another(viewer.user_id, now()):
        return "case_held"
    if part := part_in(case, viewer.user_id):
        return part
    return "second_level" if why_two(case.asset, action=action.name, details=given) else ""


def _record(action: Action, bulk: BulkDecision, viewer: Viewer, *, reason: str) -> None:
    where = bulk.organisation_id
    record(
        action,
        chain="platform" if where is None else f"organisation:{where}",
        actor=viewer.actor(),
        subject_type="moderation.bulk_decision",
        subject_id=str(bulk.pk),
        before=None,
        after={
            "action": bulk.action,
            "cases": len(bulk.case_ids),
            "passed_over": len(bulk.passed_over),
            "state": str(bulk.state),
        },
        reason=reason,
    )
