"""How much of what hurts reviewers saw, and whether a break is due.

Nothing is kept for it: the trail says who opened, uncovered and decided which case, and the case
what it is about.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from moderation.app.models import Case, Report, ReviewerCare
from moderation.app.roles import DECIDERS, require_lead, require_reader
from moderation.app.selectors.care import care_rules, is_kept_from, is_theirs, sitting_in
from moderation.core.care import GRAPHIC, with_refinements
from moderation.core.hazards import Hazard
from moderation.core.sittings import Break, Breaks, Sitting, due_break
from tidegate.accounts.models import ApiKey, User
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now

_KINDS: Final[Mapping[str, str]] = {
    Action.CASE_VIEWED: "opened",
    Action.CASE_REVEALED: "opened",
    Action.CASE_UNVEILED: "uncovered",
    Action.CASE_DECIDED: "decided",
}


@dataclass(frozen=True, slots=True)
class Count:
    """Different cases about one hazard, or any of them: opened, uncovered, decided."""

    hazard: str
    cases: int
    opened: int
    uncovered: int
    decided: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """What somebody saw in a time: of all graphic hazards, and of each that there was."""

    total: Count
    by_hazard: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class ReviewerExposure:
    """One reviewer's day. `sitting_began_at` is None for who is not at it."""

    person_id: UUID
    name: str
    today: Exposure
    sitting: Exposure
    sitting_began_at: datetime | None
    due: Break | None


def exposure_of(viewer: Viewer) -> ReviewerExposure:
    """Return the viewer's own figures of today and of the running sitting.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    people = User.objects.filter(pk=require_reader(viewer))
    return _exposures(people)[0]


def exposures(viewer: Viewer) -> tuple[ReviewerExposure, ...]:
    """Return the figures of everybody who may decide cases, by name.

    Raises:
        NotAllowed: the viewer leads nobody.
    """
    require_lead(viewer)
    people = User.objects.filter(
        is_active=True, appointments__ended_at=None, appointments__role__in=DECIDERS
    )
    return tuple(_exposures(people.distinct().order_by("display_name", "pk")))


def hazards_without_reviewers(viewer: Viewer) -> tuple[str, ...]:
    """Return the hazards that everybody who may decide opted out of: their cases would wait.

    Raises:
        NotAllowed: the viewer leads nobody.
    """
    require_lead(viewer)
    people = set(
        User.objects.filter(
            is_active=True, appointments__ended_at=None, appointments__role__in=DECIDERS
        ).values_list("pk", flat=True)
    )
    rows = ReviewerCare.objects.filter(person_id__in=people).exclude(opted_out=[])
    chosen = [frozenset(with_refinements(row.opted_out)) for row in rows]
    if not people or len(chosen) < len(people):
        return ()
    common = frozenset.intersection(*chosen)
    return tuple(hazard.value for hazard in Hazard if hazard in common)


def break_of(user_id: UUID | None, row: ReviewerCare | None = None) -> Break | None:
    """Return the break that somebody has to take now; `row` is theirs, where it is locked."""
    known = row or ReviewerCare.objects.filter(person_id=user_id).first()
    breaks, sitting, at = care_rules().breaks, sitting_in(known), now()
    if known is None or sitting is None or sitting.is_over(at, breaks):
        return None
    return _due(known.person_id, sitting, breaks, at)


def care_refusal(case: Case, user_id: UUID | None) -> str:
    """Return the code of what keeps somebody from a case for their own sake; empty for nothing."""
    if is_theirs(case, user_id):
        return ""
    if is_kept_from(case, user_id):
        return "hazard_opted_out"
    return "break_running" if break_of(user_id) is not None else ""


def _due(person_id: UUID, sitting: Sitting, breaks: Breaks, at: datetime) -> Break | None:
    seen = 0
    if breaks.exposures:
        seen = _tally(_looks({person_id}, sitting.began_at)[person_id]).total.cases
    return due_break(sitting, exposures=seen, at=at, breaks=breaks)


def _exposures(people: Iterable[User]) -> list[ReviewerExposure]:
    listed, at, breaks = list(people), now(), care_rules().breaks
    rows = {row.person_id: row for row in ReviewerCare.objects.filter(person__in=listed)}
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    sittings = {
        person.pk: sitting
        for person in listed
        if (sitting := sitting_in(rows.get(person.pk))) and not sitting.is_over(at, breaks)
    }
    earliest = min([midnight, *(sitting.began_at for sitting in sittings.values())])
    looks = _looks({person.pk for person in listed}, earliest)
    found = []
    for person in listed:
        sitting = sittings.get(person.pk)
        seen = looks[person.pk]
        inside = [look for look in seen if sitting and look.at >= sitting.began_at]
        tally = _tally(inside)
        due = due_break(sitting, exposures=tally.total.cases, at=at, breaks=breaks)
        found.append(
            ReviewerExposure(
                person_id=person.pk,
                name=person.display_name,
                today=_tally(look for look in seen if look.at >= midnight),
                sitting=tally,
                sitting_began_at=sitting.began_at if sitting else None,
                due=due,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class _Look:
    case_id: str
    kind: str
    at: datetime
    hazards: frozenset[str]


def _looks(people: Collection[UUID], since: datetime) -> dict[UUID, list[_Look]]:
    """Return who looked at which graphic case since then, with their own eyes or through a key."""
    actors = {str(person): person for person in people}
    keys = ApiKey.objects.filter(created_by_id__in=people).values_list("pk", "created_by_id")
    actors |= {str(key): person for key, person in keys}
    entries = list(
        Entry.objects.filter(
            actor_id__in=actors, at__gte=since, action__in=_KINDS, subject_type="moderation.case"
        ).values_list("actor_id", "action", "subject_id", "at")
    )
    graphic = _graphic({UUID(case_id) for _, _, case_id, _ in entries})
    looks: dict[UUID, list[_Look]] = defaultdict(list)
    for actor_id, action, case_id, at in entries:
        if hazards := graphic.get(case_id):
            looks[actors[actor_id]].append(_Look(case_id, _KINDS[action], at, hazards))
    return looks


def _graphic(case_ids: Collection[UUID]) -> dict[str, frozenset[str]]:
    """Return of these cases those that are graphic, with what is graphic in them."""
    named: dict[UUID, set[str]] = defaultdict(set)
    for case_id, hazards in Case.objects.filter(pk__in=case_ids).values_list("pk", "hazards"):
        named[case_id].update(hazards)
    reasons = Report.objects.filter(case_id__in=case_ids).values_list("case_id", "reason")
    for case_id, reason in reasons:
        named[case_id].add(reason)
    return {
        str(case_id): frozenset(found)
        for case_id, hazards in named.items()
        if (found := hazards & set(GRAPHIC))
    }


def _tally(looks: Iterable[_Look]) -> Exposure:
    seen = list(looks)
    return Exposure(
        total=_count("", seen),
        by_hazard=tuple(
            _count(hazard, some)
            for hazard in GRAPHIC
            if (some := [look for look in seen if hazard in look.hazards])
        ),
    )


def _count(hazard: str, looks: Iterable[_Look]) -> Count:
    cases: dict[str, set[str]] = defaultdict(set)
    for look in looks:
        cases[look.kind].add(look.case_id)
    return Count(
        hazard=hazard,
        cases=len(set().union(*cases.values())),
        opened=len(cases["opened"]),
        uncovered=len(cases["uncovered"]),
        decided=len(cases["decided"]),
    )
