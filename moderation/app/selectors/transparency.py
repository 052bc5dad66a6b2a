"""What a transparency report says of a period: counts of decisions, complaints and notices.

The figures are those of Art. 15(1), 24(1) and 27 of the Digital Services Act, in the categories of
its database; how they are cut follows Annex I of Implementing Regulation (EU) 2024/2835. No person
is in them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from moderation.app.models import Appeal, Case, Report, Statement, TakedownNotice
from moderation.app.roles import require_reader
from moderation.app.selectors.decisions import was_reversed
from moderation.app.selectors.percentiles import percentile
from moderation.app.selectors.statements import told_statements
from tidegate.accounts.viewers import Viewer


@dataclass(frozen=True, slots=True)
class Measures:
    """How often a measure was taken for a category of harm, and how."""

    category: str
    measure: str
    source: str
    detection: str
    automation: str
    ground: str
    count: int


@dataclass(frozen=True, slots=True)
class Complaints:
    """How appeals of a party ended, and how long they took (median; None: none ended)."""

    party: str
    made: int
    upheld: int
    overturned: int
    open: int
    took: timedelta | None


@dataclass(frozen=True, slots=True)
class Notices:
    """What was demanded on a ground, and how often it was followed."""

    basis: str
    received: int
    blocked: int
    released: int
    open: int
    took: timedelta | None


@dataclass(frozen=True, slots=True)
class Reports:
    """What people reported for a reason, and how often they were right."""

    reason: str
    received: int
    upheld: int
    rejected: int


@dataclass(frozen=True, slots=True)
class TransparencyReport:
    """A period's figures; `took` is the median from case to decision of a person.

    `automatic_overturned` of `automatic_appealed` decisions taken by automatic means did not stand.
    """

    since: datetime
    until: datetime
    measures: tuple[Measures, ...]
    complaints: tuple[Complaints, ...]
    notices: tuple[Notices, ...]
    reports: tuple[Reports, ...]
    decided_by_people: int
    took: timedelta | None
    automatic_appealed: int
    automatic_overturned: int

    @property
    def taken(self) -> int:
        """How many measures were taken in all."""
        return sum(one.count for one in self.measures)


def transparency_for(viewer: Viewer, *, since: datetime, until: datetime) -> TransparencyReport:
    """Return the figures of a period for staff; a key reads of its own organisation only.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_reader(viewer)
    own = viewer.organisation_id
    return _report(since, until, Q() if own is None else Q(organisation_id=own))


def public_transparency(*, since: datetime, until: datetime) -> TransparencyReport:
    """Return the figures of a period for everybody; whether to publish is the deployment's."""
    return _report(since, until, Q())


def _report(since: datetime, until: datetime, whose: Q) -> TransparencyReport:
    within = Q(created_at__gte=since, created_at__lt=until)
    stated = told_statements().filter(whose, within)
    decided = Case.objects.filter(
        ~was_reversed(),
        whose,
        decided_at__gte=since,
        decided_at__lt=until,
        decided_by__isnull=False,
    )
    through_asset = _of(whose, "asset__organisation_id")
    appeals = Appeal.objects.filter(through_asset, within)
    automatic = appeals.filter(verdict__isnull=False).exclude(state=Appeal.State.OPEN)
    return TransparencyReport(
        since=since,
        until=until,
        measures=_measures(stated),
        complaints=tuple(_complaints(appeals, party) for party in Appeal.Party.values),
        notices=_notices(TakedownNotice.objects.filter(whose, within)),
        reports=_reports(Report.objects.filter(through_asset, within)),
        decided_by_people=decided.count(),
        took=percentile(decided, "created_at", "decided_at"),
        automatic_appealed=automatic.count(),
        automatic_overturned=automatic.filter(state=Appeal.State.OVERTURNED).count(),
    )


def _of(whose: Q, field: str) -> Q:
    """Return the same condition where the organisation stands in another field."""
    return Q(*((field, value) for _, value in whose.children))  # type: ignore[misc]  # pairs only


def _measures(stated: QuerySet[Statement]) -> tuple[Measures, ...]:
    names = {
        "category": F("dsa__category"),
        "source": F("dsa__source_type"),
        "detection": F("dsa__automated_detection"),
        "automation": F("dsa__automated_decision"),
        "ground": F("dsa__decision_ground"),
    }
    counted: QuerySet[Any, dict[str, Any]] = (
        stated.annotate(**names).values("measure", *names).annotate(count=Count("pk"))
    )
    return tuple(Measures(**row) for row in counted.order_by("category", "measure", "-count"))


def _complaints(appeals: QuerySet[Appeal], party: str) -> Complaints:
    own = appeals.filter(party=party)
    states = dict(own.values_list("state").annotate(Count("pk")).order_by())
    return Complaints(
        party=party,
        made=sum(states.values()),
        upheld=states.get(Appeal.State.UPHELD, 0),
        overturned=states.get(Appeal.State.OVERTURNED, 0),
        open=states.get(Appeal.State.OPEN, 0),
        took=percentile(own, "created_at", "closed_at"),
    )


def _notices(notices: QuerySet[TakedownNotice]) -> tuple[Notices, ...]:
    counted = notices.values("basis").annotate(
        received=Count("pk"),
        blocked=Count("pk", filter=Q(case__outcome=Case.Ruling.BLOCK)),
        released=Count("pk", filter=Q(case__outcome=Case.Ruling.RELEASE)),
        open=Count("pk", filter=Q(case__outcome="")),
    )
    return tuple(
        Notices(
            **row,
            took=percentile(notices.filter(basis=row["basis"]), "created_at", "case__decided_at"),
        )
        for row in counted.order_by("basis")
    )


def _reports(reports: QuerySet[Report]) -> tuple[Reports, ...]:
    counted = reports.values("reason").annotate(
        received=Count("pk"),
        upheld=Count("pk", filter=Q(outcome=Report.Outcome.UPHELD)),
        rejected=Count("pk", filter=Q(outcome=Report.Outcome.REJECTED)),
    )
    return tuple(Reports(**row) for row in counted.order_by("reason"))
