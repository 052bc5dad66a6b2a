"""Reads of queues: who works in which, and who is at work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from moderation.app.models import Case, ReviewerCare, ReviewerSkill, ReviewQueue
from moderation.app.roles import DECIDERS, leads_reviewers, require_lead, require_reader
from moderation.core.house_rules import Title
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound

AT_WORK: Final = timedelta(minutes=3)
"""Who looked at nothing for so long is away; an open case renews every minute."""


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """A queue, what waits in it, and who is at a case of it now.

    `is_mine` says whether the viewer is given its cases.
    """

    id: UUID
    name: str
    title: Title
    position: int
    rule: str
    needs: tuple[str, ...]
    members: tuple[str, ...]
    is_paused: bool
    is_mine: bool
    waiting: int
    oldest_at: datetime | None
    at_work: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is at work, and what they look at; None where that is no open case."""

    name: str
    case_id: UUID | None
    queue: str


def review_queues(viewer: Viewer) -> tuple[QueueSummary, ...]:
    """Return the queues in the order in which their rules are asked.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_reader(viewer)
    undecided = ~Q(cases__state=Case.State.DECIDED)
    if viewer.organisation_id is not None:
        undecided &= Q(cases__organisation_id=viewer.organisation_id)
    rows = ReviewQueue.objects.prefetch_related("members").annotate(
        waiting=Count("cases", filter=undecided, distinct=True),
        oldest_at=Min("cases__created_at", filter=undecided),
    )
    people: dict[str, list[str]] = {}
    for one in present(viewer):
        people.setdefault(one.queue, []).append(one.name)
    mine = set(_own(viewer).values_list("pk", flat=True))
    return tuple(
        QueueSummary(
            id=row.pk,
            name=row.name,
            title=title_of(row),
            position=row.position,
            rule=row.rule,
            needs=tuple(row.needs),
            members=tuple(sorted(one.display_name for one in row.members.all())),
            is_paused=row.is_paused,
            is_mine=row.pk in mine and not row.is_paused,
            waiting=row.waiting,
            oldest_at=row.oldest_at,
            at_work=tuple(people.get(row.name, ())),
        )
        for row in rows.order_by("position", "name")
    )


def queue_for(viewer: Viewer, queue_id: UUID) -> QueueSummary:
    """Return one queue. Raises NotAllowed as `review_queues`, or NotFound."""
    found = next((one for one in review_queues(viewer) if one.id == queue_id), None)
    if found is None:
        raise NotFound("There is no such queue.", code="queue_not_found")
    return found


def is_queue(name: str) -> bool:
    """Whether a queue has this name."""
    return ReviewQueue.objects.filter(name=name).exists()


def present(viewer: Viewer, *, case_id: UUID | None = None) -> tuple[Present, ...]:
    """Return the colleagues who are at work now, by name; with `case_id` those who are at that one.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    user_id = require_reader(viewer)
    rows = ReviewerCare.objects.filter(active_at__gt=now() - AT_WORK).exclude(person_id=user_id)
    if case_id is not None:
        rows = rows.filter(looking_at_id=case_id)
    found = []
    for row in rows.select_related("person", "looking_at__queue").order_by("person__display_name"):
        case = row.looking_at
        is_seen = case is not None and viewer.organisation_id in {None, case.organisation_id}
        shown = case if is_seen and case and case.state != Case.State.DECIDED else None
        queue = shown.queue.name if shown is not None and shown.queue is not None else ""
        found.append(Present(row.person.display_name, shown.pk if shown else None, queue))
    return tuple(found)


def open_to(viewer: Viewer) -> Q:
    """Return the cases whose queue gives them to the viewer; those in none are everybody's."""
    return Q(queue=None) | Q(queue__in=_own(viewer), queue__is_paused=False)


def works_in(viewer: Viewer, queue_id: UUID | None) -> bool:
    """Whether the viewer may decide what waits in a queue, paused or not."""
    return queue_id is None or _own(viewer).filter(pk=queue_id).exists()


def skills(viewer: Viewer) -> Mapping[UUID, tuple[str, ...]]:
    """Return what every reviewer can do, by person.

    Raises:
        NotAllowed: the viewer leads nobody.
    """
    require_lead(viewer)
    found: dict[UUID, list[str]] = {}
    for row in ReviewerSkill.objects.order_by("skill"):
        found.setdefault(row.person_id, []).append(row.skill)
    return {person: tuple(known) for person, known in found.items()}


def reviewers(viewer: Viewer) -> QuerySet[User]:
    """Return who may be a member of a queue, by name.

    Raises:
        NotAllowed: the viewer leads nobody.
    """
    require_lead(viewer)
    people = User.objects.filter(
        is_active=True, appointments__ended_at=None, appointments__role__in=DECIDERS
    )
    return people.distinct().order_by("display_name", "pk")


def title_of(queue: ReviewQueue) -> Title:
    """Return a queue's name in the languages of the console; English where one is missing."""
    english = str(queue.title.get("en") or queue.name)
    return Title(en=english, zh=str(queue.title.get("zh") or english))


def _own(viewer: Viewer) -> QuerySet[ReviewQueue]:
    """Return the queues that the viewer works in: all of them for senior staff."""
    found = ReviewQueue.objects.all()
    if leads_reviewers(viewer):
        return found
    user_id = require_reader(viewer)
    known = ArraySubquery(ReviewerSkill.objects.filter(person_id=user_id).values("skill"))
    members = ReviewQueue.members.through.objects.filter(reviewqueue_id=OuterRef("pk"))
    is_open = ~Exists(members) | Exists(members.filter(user_id=user_id))
    return found.filter(is_open, needs__contained_by=known)
