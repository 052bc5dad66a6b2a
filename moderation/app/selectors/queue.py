"""The queue: which cases wait, in the order in which they should be looked at."""

import base64
import binascii
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from moderation.app.masking import masked_summary
from moderation.app.models import Case
from moderation.app.roles import may_decide, require_reader
from moderation.app.selectors.care import CLAIM_ORDER, chosen_by, kept_from, lateness_of
from moderation.app.selectors.queues import open_to
from moderation.app.selectors.views import CasePage, CaseSummary, QueueCounts
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput

STATES: Final = ("open", "claimed", "mine", "decided", "undecided")
LARGEST_PAGE = 100
_PROMPT_EXCERPT = 280
_LONGEST_CURSOR = 200
_LARGEST_SLOT = 10_000_000


def queue(
    viewer: Viewer,
    *,
    state: str = "open",
    modality: str | None = None,
    because: str | None = None,
    queue_name: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> CasePage:
    """Return a page of cases in the order of their turn (`CLAIM_ORDER`).

    Among those alike, what the viewer wants last comes last, and what they opted out of is left
    out until it is decided. `state` is one of `STATES`: "open" includes claims whose lease ran out,
    "mine" are the viewer's running claims, "undecided" is all that is not decided, "decided" comes
    newest decision first. `modality`, `because` and
    `queue_name` narrow it. "open" leaves out what waits in queues that the viewer does not work in.

    Raises:
        NotAllowed: the viewer is no review staff.
        InvalidInput: unknown state, or a cursor that is not ours.
    """
    require_reader(viewer)
    if state not in STATES:
        raise InvalidInput(
            f"The state is one of {', '.join(STATES)}.", code="unknown_state", pointer="/state"
        )
    size = max(1, min(limit, LARGEST_PAGE))
    cases = _cases(viewer, state)
    if modality is not None:
        cases = cases.filter(asset__modality=modality)
    if because is not None:
        cases = cases.filter(because=because)
    if queue_name is not None:
        cases = cases.filter(queue__name=queue_name)
    if state == "decided":
        cases = cases.order_by("-decided_at", "-id")
        if cursor is not None:
            (at, last) = _read(cursor, 2)
            moment, key = _moment(at), _key(last)
            cases = cases.filter(Q(decided_at__lt=moment) | Q(decided_at=moment, id__lt=key))
    else:
        own = chosen_by(viewer)
        if state != "mine":
            cases = cases.exclude(kept_from(viewer.user_id, own))
        if state == "open" and may_decide(viewer):
            cases = cases.filter(open_to(viewer))
        cases = cases.annotate(lateness=lateness_of(viewer.user_id, own)).order_by(*CLAIM_ORDER)
        if cursor is not None:
            (slot, place, at, last) = _read(cursor, 4)
            six_hours, late, moment, key = _whole(slot), _whole(place), _moment(at), _key(last)
            cases = cases.filter(
                Q(rank_slot__gt=six_hours)
                | Q(rank_slot=six_hours, lateness__gt=late)
                | Q(rank_slot=six_hours, lateness=late, rank_at__gt=moment)
                | Q(rank_slot=six_hours, lateness=late, rank_at=moment, id__gt=key)
            )
    found = list(cases.select_related("asset", "queue", "claimed_by", "decided_by")[: size + 1])
    page = found[:size]
    return CasePage(
        cases=tuple(_line(case, viewer) for case in page),
        next_cursor=_cursor(page[-1], state) if len(found) > size else None,
    )


def queue_counts(viewer: Viewer) -> QueueCounts:
    """Return the figures above the queue; what the viewer opted out of is `kept`, not `open`.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_reader(viewer)
    at = now()
    is_claimed = Q(state=Case.State.CLAIMED, lease_expires_at__gt=at)
    is_undecided = ~Q(state=Case.State.DECIDED)
    counts = _confined(viewer).aggregate(
        open=Count("id", filter=is_undecided & ~is_claimed),
        claimed=Count("id", filter=is_claimed),
        mine=Count("id", filter=is_claimed & Q(claimed_by_id=viewer.user_id)),
        unavailable=Count("id", filter=is_undecided & Q(because=Case.Because.UNAVAILABLE)),
        overdue=Count("id", filter=is_undecided & Q(because=Case.Because.OVERDUE)),
        late=Count("id", filter=is_undecided & Q(due_at__lte=at)),
        reported=Count("id", filter=is_undecided & Q(report_count__gt=0)),
        decided_today=Count("id", filter=Q(decided_at__gt=at - timedelta(days=1))),
        oldest_opened_at=Min("created_at", filter=is_undecided),
    )
    kept = _confined(viewer).filter(kept_from(viewer.user_id), is_undecided, ~is_claimed).count()
    return QueueCounts(**{**counts, "open": counts["open"] - kept, "kept": kept})


def summary(case: Case, viewer: Viewer) -> CaseSummary:
    """Return a case as a line, not masked; wants `asset`, `claimed_by` and `decided_by` loaded."""
    is_held = (
        case.state == Case.State.CLAIMED
        and case.lease_expires_at is not None
        and case.lease_expires_at > now()
    )
    state = Case.State.OPEN if case.state == Case.State.CLAIMED and not is_held else case.state
    return CaseSummary(
        id=case.pk,
        asset_id=case.asset_id,
        organisation_id=case.organisation_id,
        modality=case.asset.modality,
        title=case.asset.title,
        prompt=case.asset.prompt,
        state=str(state),
        because=case.because,
        severity=case.severity,
        hazards=tuple(case.hazards),
        report_count=case.report_count,
        report_weight=case.report_weight,
        opened_at=case.created_at,
        holder=case.claimed_by.display_name if is_held and case.claimed_by else "",
        lease_expires_at=case.lease_expires_at if is_held else None,
        is_mine=is_held and case.claimed_by_id == viewer.user_id,
        is_own_asset=case.asset.owner_id == viewer.user_id,
        outcome=case.outcome,
        reason=case.reason,
        decided_by=decider(case),
        decided_at=case.decided_at,
        due_at=case.due_at,
        due_under=case.due_under,
        is_late=case.due_at is not None and (case.decided_at or now()) > case.due_at,
        desk=case.desk,
        queue=case.queue.name if case.queue is not None else "",
    )


def _line(case: Case, viewer: Viewer) -> CaseSummary:
    """Return a line to be shown: masked before it is cut, or half a number would stay."""
    line = masked_summary(summary(case, viewer))
    return replace(line, prompt=line.prompt[:_PROMPT_EXCERPT])


def decider(case: Case) -> str:
    """Return who decided, in words: a name, "Tidegate" for the platform, or nothing yet."""
    if case.decided_by is not None:
        return case.decided_by.display_name
    return "Tidegate" if case.decided_by_system else ""


def _confined(viewer: Viewer) -> QuerySet[Case]:
    cases = Case.objects.all()
    if viewer.organisation_id is not None:
        cases = cases.filter(organisation_id=viewer.organisation_id)
    return cases


def _cases(viewer: Viewer, state: str) -> QuerySet[Case]:
    cases = _confined(viewer)
    is_claimed = Q(state=Case.State.CLAIMED, lease_expires_at__gt=now())
    match state:
        case "decided":
            return cases.filter(state=Case.State.DECIDED)
        case "claimed":
            return cases.filter(is_claimed)
        case "mine":
            return cases.filter(is_claimed, claimed_by_id=viewer.user_id)
        case "undecided":
            return cases.exclude(state=Case.State.DECIDED)
        case _:
            return cases.exclude(state=Case.State.DECIDED).exclude(is_claimed)


def _cursor(case: Case, state: str) -> str:
    if state == "decided":
        at = case.decided_at.isoformat() if case.decided_at else ""
        place: list[object] = [at, str(case.pk)]
    else:
        late = getattr(case, "lateness", 0)
        at = case.rank_at.isoformat() if case.rank_at else ""
        place = [case.rank_slot, late, at, str(case.pk)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read(cursor: str, length: int) -> list[object]:
    if len(cursor) > _LONGEST_CURSOR:
        raise _unreadable()
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError) as error:
        raise _unreadable() from error
    if not isinstance(place, list) or len(place) != length:
        raise _unreadable()
    return place


def _whole(value: object) -> int:
    # A place counts from 0; a slot is six hours of the calendar, either of them a small number.
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST_SLOT:
        raise _unreadable()
    return value


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise _unreadable()
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _unreadable() from error


def _key(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise _unreadable() from error


def _unreadable() -> InvalidInput:
    return InvalidInput("The cursor is not one of ours.", code="invalid_cursor", pointer="/cursor")
