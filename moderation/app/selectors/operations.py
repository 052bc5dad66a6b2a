"""How the work of people goes: what waits, what comes in and goes out, how fast and how well."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, DurationField, F, Min, Q, QuerySet
from django.db.models.functions import Trunc

from moderation.app.models import Appeal, Case
from moderation.app.roles import require_reader
from moderation.app.selectors.decisions import was_reversed
from moderation.app.selectors.percentiles import Percentile, lasted, percentile
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now

# Hours of the window, and what one step of the drawings is.
WINDOWS: Final[Mapping[int, str]] = {24: "hour", 168: "day", 720: "day"}
_STEPS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1)}

_DETECTORS = """
SELECT cause->>'detector' AS detector, cause->>'hazard' AS hazard,
       count(DISTINCT held.id) AS held,
       count(DISTINCT held.id) FILTER (WHERE held.outcome = 'block') AS blocked
FROM moderation_case held
JOIN moderation_verdict verdict ON verdict.id = held.verdict_id
CROSS JOIN LATERAL jsonb_array_elements(verdict.reasons) AS cause
WHERE NOT EXISTS (
    SELECT FROM moderation_decision AS gone
    WHERE gone.case_id = held.id AND gone.reversed_at IS NOT NULL
  )
  AND held.decided_at >= %s AND held.decided_by_id IS NOT NULL
  AND coalesce(cause->>'detector', '') <> '' AND held.because IN ('hold', 'appeal')
  AND (%s::uuid IS NULL OR held.organisation_id = %s::uuid)
GROUP BY 1, 2
ORDER BY held DESC, 1, 2
LIMIT 24
"""


@dataclass(frozen=True, slots=True)
class Step:
    """An hour or a day: cases opened, decided by people, and how long those had waited."""

    at: datetime
    opened: int
    decided: int
    waited: timedelta | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one reason."""

    because: str
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Precision:
    """Of what a detector had people look at, how much they blocked."""

    detector: str
    hazard: str
    held: int
    blocked: int

    @property
    def share(self) -> float:
        """Blocked of held, 0..1."""
        return self.blocked / self.held


@dataclass(frozen=True, slots=True)
class Load:
    """What one reviewer decided, and how much of it fell on appeal."""

    name: str
    decided: int
    blocked: int
    appealed: int
    overturned: int


@dataclass(frozen=True, slots=True)
class Operations:
    """The work of a window that ends now. `p50` and `p95`: from opening to a person's decision."""

    hours: int
    step: str
    waiting: tuple[Waiting, ...]
    steps: tuple[Step, ...]
    p50: timedelta | None
    p95: timedelta | None
    answered: int
    overturned: int
    precision: tuple[Precision, ...]
    load: tuple[Load, ...]

    @property
    def backlog(self) -> int:
        """How many cases wait."""
        return sum(one.count for one in self.waiting)

    @property
    def opened(self) -> int:
        """How many came in."""
        return sum(one.opened for one in self.steps)

    @property
    def decided(self) -> int:
        """How many people decided."""
        return sum(one.decided for one in self.steps)

    @property
    def overturn_rate(self) -> float | None:
        """Of the appeals answered, how many won; None: none was answered."""
        return self.overturned / self.answered if self.answered else None


def operations(viewer: Viewer, *, hours: int = 24) -> Operations:
    """Return how the work went; hours not among `WINDOWS` are a day.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_reader(viewer)
    hours = hours if hours in WINDOWS else min(WINDOWS)
    own = viewer.organisation_id
    cases = Case.objects.all() if own is None else Case.objects.filter(organisation_id=own)
    since = now() - timedelta(hours=hours)
    decided = cases.filter(~was_reversed(), decided_at__gte=since, decided_by__isnull=False)
    appeals = Appeal.objects.filter(answer__in=cases, closed_at__gte=since)
    return Operations(
        hours=hours,
        step=WINDOWS[hours],
        waiting=_waiting(cases),
        steps=_steps(cases, decided, since, WINDOWS[hours]),
        p50=percentile(decided, "created_at", "decided_at"),
        p95=percentile(decided, "created_at", "decided_at", 0.95),
        answered=appeals.count(),
        overturned=appeals.filter(state=Appeal.State.OVERTURNED).count(),
        precision=_precision(since, own),
        load=_load(decided),
    )


def _waiting(cases: QuerySet[Case]) -> tuple[Waiting, ...]:
    rows = (
        cases.exclude(state=Case.State.DECIDED)
        .values("because")
        .annotate(count=Count("pk"), oldest_at=Min("created_at"))
    )
    return tuple(Waiting(**row) for row in rows.order_by("-count", "because"))


def _steps(
    cases: QuerySet[Case], decided: QuerySet[Case], since: datetime, step: str
) -> tuple[Step, ...]:
    opened = _by_step(cases.filter(created_at__gte=since), "created_at", step, n=Count("pk"))
    closed = _by_step(
        decided,
        "decided_at",
        step,
        n=Count("pk"),
        waited=Percentile(lasted("created_at", "decided_at"), 0.5, output_field=DurationField()),
    )
    at, end = _floor(since, step), now()
    found = []
    while at <= end:
        row = closed.get(at, {})
        found.append(Step(at, opened.get(at, {}).get("n", 0), row.get("n", 0), row.get("waited")))
        at += _STEPS[step]
    return tuple(found)


def _by_step(
    rows: QuerySet[Case], column: str, step: str, **figures: Any
) -> dict[datetime, dict[str, Any]]:
    stepped = rows.annotate(at=Trunc(column, step)).values("at").annotate(**figures)
    return {row["at"]: dict(row) for row in stepped.order_by("at")}


def _floor(moment: datetime, step: str) -> datetime:
    floor = moment.replace(minute=0, second=0, microsecond=0)
    return floor if step == "hour" else floor.replace(hour=0)


def _precision(since: datetime, organisation_id: UUID | None) -> tuple[Precision, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_DETECTORS, [since, organisation_id, organisation_id])
        return tuple(Precision(*row) for row in cursor.fetchall())


def _load(decided: QuerySet[Case]) -> tuple[Load, ...]:
    rows = decided.values(person=F("decided_by"), name=F("decided_by__display_name")).annotate(
        decided=Count("pk", distinct=True),
        blocked=Count("pk", filter=Q(outcome=Case.Ruling.BLOCK), distinct=True),
        appealed=Count("appeals_against", distinct=True),
        overturned=Count(
            "appeals_against",
            filter=Q(appeals_against__state=Appeal.State.OVERTURNED),
            distinct=True,
        ),
    )
    return tuple(
        Load(
            **{name: row[name] for name in ("name", "decided", "blocked", "appealed", "overturned")}
        )
        for row in rows.order_by("-decided", "name")
    )
