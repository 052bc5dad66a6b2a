"""How well people and the checks decide, from what was looked at again."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from moderation.app.models import Case, GoldenItem, Outcome, SecondLook
from moderation.app.roles import reads_quality, require_quality_reader, require_reader
from moderation.app.selectors.decisions import was_reversed
from moderation.core.agreement import Agreement, cohen, fleiss
from moderation.core.intervals import Interval, wilson
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now

PERIODS: Final = (30, 90, 365)
"""Days that figures are given over."""
_MOST: Final = 20_000
_STATE = SecondLook.State


@dataclass(frozen=True, slots=True)
class Agreed:
    """How far two who decided about the same agree: of a reviewer, a hazard, a policy, or all."""

    name: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Known:
    """How many of the known answers somebody gave."""

    name: str
    share: Interval


@dataclass(frozen=True, slots=True)
class Automation:
    """How often people saw it otherwise than the checks, of what was drawn and is decided."""

    verdict: str
    otherwise: Interval | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Disagreements:
    """What became of what two saw differently."""

    open: int
    first_was_right: int
    second_was_right: int


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of a period that ends now. Kappa of reviewers is Cohen's, of the others Fleiss'.

    `waiting` are second looks that nobody has taken.
    """

    days: int
    since: datetime
    overall: Agreement | None
    reviewers: tuple[Agreed, ...]
    hazards: tuple[Agreed, ...]
    policies: tuple[Agreed, ...]
    golden: tuple[Known, ...]
    disagreements: Disagreements
    automation: tuple[Automation, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """A known answer beside what somebody answered, for them to learn from."""

    case_id: UUID
    title: str
    expected: str
    answer: str
    explanation: str
    at: datetime

    @property
    def is_right(self) -> bool:
        """Whether they gave it."""
        return self.answer == self.expected


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one of two said who disagree."""

    name: str
    answer: str
    reason: str
    at: datetime


def quality_figures(viewer: Viewer, *, days: int = 90) -> Quality:
    """Return how well everybody decides; days not among `PERIODS` are ninety.

    Raises:
        NotAllowed: the viewer is neither senior staff nor an auditor.
    """
    require_quality_reader(viewer)
    days = days if days in PERIODS else 90
    since = now() - timedelta(days=days)
    looks = _visible(viewer).filter(state=_STATE.SETTLED, settled_at__gte=since)
    rows = list(
        looks.exclude(answer="refer")
        .select_related("first_by", "reviewer", "case__verdict__policy", "adjudication")
        .order_by("-settled_at")[:_MOST]
    )
    samples = [one for one in rows if one.kind == SecondLook.Kind.SAMPLE]
    return Quality(
        days=days,
        since=since,
        overall=fleiss((one.expected, one.answer) for one in samples),
        reviewers=_by_reviewer(samples),
        hazards=_by(samples, lambda one: one.case.grounds),
        policies=_by(samples, _policy),
        golden=_known(one for one in rows if one.kind == SecondLook.Kind.GOLDEN),
        disagreements=_disagreements(samples),
        automation=_automation(viewer, since),
        waiting=_visible(viewer).filter(state__in=[_STATE.WAITING, _STATE.CLAIMED]).count(),
    )


def own_answers(viewer: Viewer, *, limit: int = 50) -> tuple[KnownAnswer, ...]:
    """Return the known answers that the viewer was asked for, newest first.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    looks = SecondLook.objects.filter(
        reviewer_id=require_reader(viewer), kind=SecondLook.Kind.GOLDEN, state=_STATE.SETTLED
    )
    rows = looks.select_related("golden", "case__asset").order_by("-settled_at")[:limit]
    return tuple(
        KnownAnswer(
            case_id=row.case_id,
            title=row.case.asset.title,
            expected=row.expected,
            answer=row.answer,
            explanation=row.golden.explanation if row.golden else "",
            at=row.settled_at or row.created_at,
        )
        for row in rows
    )


def opinions_on(viewer: Viewer, case_id: UUID) -> tuple[Opinion, ...]:
    """Return what the two said whose disagreement a case is to settle; nothing for other cases.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_reader(viewer)
    look = (
        _visible(viewer)
        .filter(adjudication_id=case_id)
        .select_related("case", "first_by", "reviewer")
        .first()
    )
    if look is None or look.first_by is None or look.reviewer is None:
        return ()
    first, second = look.case.decided_at, look.answered_at
    return (
        Opinion(
            look.first_by.display_name, look.expected, look.case.reason, first or look.created_at
        ),
        Opinion(look.reviewer.display_name, look.answer, look.reason, second or look.created_at),
    )


def golden_items(viewer: Viewer) -> QuerySet[GoldenItem]:
    """Return the items with known answers, newest first, with how often they were answered.

    Raises:
        NotAllowed: the viewer is neither senior staff nor an auditor.
    """
    require_quality_reader(viewer)
    found = GoldenItem.objects.select_related("case__asset", "made_by")
    if viewer.organisation_id is not None:
        found = found.filter(case__organisation_id=viewer.organisation_id)
    settled = Q(looks__state=_STATE.SETTLED)
    return found.annotate(
        answered=Count("looks", filter=settled),
        right=Count("looks", filter=settled & Q(looks__answer=F("answer"))),
    ).order_by("-created_at", "-id")


def golden_of(viewer: Viewer, case_id: UUID) -> GoldenItem | None:
    """Return the item that a case is; None where it is none, or the viewer is not to know."""
    if not reads_quality(viewer):
        return None
    return GoldenItem.objects.filter(case_id=case_id, retired_at=None).first()


def _visible(viewer: Viewer) -> QuerySet[SecondLook]:
    looks = SecondLook.objects.all()
    if viewer.organisation_id is not None:
        looks = looks.filter(case__organisation_id=viewer.organisation_id)
    return looks


def _by_reviewer(looks: Iterable[SecondLook]) -> tuple[Agreed, ...]:
    """Compare each with all the colleagues who decided about the same, first or second."""
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for look in looks:
        if look.first_by is not None:
            pairs[look.first_by.display_name].append((look.expected, look.answer))
        if look.reviewer is not None:
            pairs[look.reviewer.display_name].append((look.answer, look.expected))
    found = ((name, cohen(given)) for name, given in sorted(pairs.items()))
    return tuple(Agreed(name, one) for name, one in found if one is not None)


def _by(
    looks: Iterable[SecondLook], named: Callable[[SecondLook], Iterable[str]]
) -> tuple[Agreed, ...]:
    items: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for look in looks:
        for name in named(look):
            items[name].append((look.expected, look.answer))
    found = ((name, fleiss(given)) for name, given in sorted(items.items()))
    return tuple(Agreed(name, one) for name, one in found if one is not None)


def _policy(look: SecondLook) -> tuple[str, ...]:
    verdict = look.case.verdict
    return () if verdict is None else (verdict.policy.version,)


def _known(looks: Iterable[SecondLook]) -> tuple[Known, ...]:
    given: dict[str, list[bool]] = defaultdict(list)
    for look in looks:
        if look.reviewer is not None:
            given[look.reviewer.display_name].append(look.answer == look.expected)
    found = ((name, wilson(sum(right), len(right))) for name, right in sorted(given.items()))
    return tuple(Known(name, share) for name, share in found if share is not None)


def _disagreements(looks: Iterable[SecondLook]) -> Disagreements:
    outcomes = [
        (one.adjudication.outcome, one.expected) for one in looks if one.adjudication is not None
    ]
    return Disagreements(
        open=sum(not outcome for outcome, _ in outcomes),
        first_was_right=sum(outcome == expected for outcome, expected in outcomes),
        second_was_right=sum(
            bool(outcome) and outcome != expected for outcome, expected in outcomes
        ),
    )


def _automation(viewer: Viewer, since: datetime) -> tuple[Automation, ...]:
    drawn = Case.objects.filter(because=Case.Because.SAMPLE).filter(~was_reversed())
    if viewer.organisation_id is not None:
        drawn = drawn.filter(organisation_id=viewer.organisation_id)
    decided = Q(state=Case.State.DECIDED, decided_at__gte=since, decided_by__isnull=False)
    found = []
    for outcome in (Outcome.RELEASE, Outcome.BLOCK):
        figures = drawn.filter(verdict__verdict=outcome).aggregate(
            n=Count("pk", filter=decided),
            otherwise=Count("pk", filter=decided & ~Q(outcome=outcome.value)),
            waiting=Count("pk", filter=~Q(state=Case.State.DECIDED)),
        )
        share = wilson(figures["otherwise"], figures["n"])
        found.append(Automation(outcome.value, share, figures["waiting"]))
    return tuple(found)
