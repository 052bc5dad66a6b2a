"""What is known of the people who report, as far as it says how much their reports count."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q

from moderation.app.configuration import consequences
from moderation.app.models import Case, Report
from moderation.core.reporting import Reported
from tidegate.accounts.models import Membership


@dataclass(frozen=True, slots=True)
class Weighed:
    """A report of a case as the weighing takes it, and what was reported."""

    reported: Reported
    reason: str


def reported_in(case: Case, *, but: UUID) -> list[Weighed]:
    """Return the reports of a case but for one person's, the owner's. Three queries."""
    reports = list(
        Report.objects.filter(case=case)
        .exclude(reporter_id=but)
        .select_related("reporter")
        .order_by("created_at", "pk")
    )
    people = [report.reporter_id for report in reports]
    records, organisations = records_of(people), _organisations_of(people)
    weighing = consequences().reports
    return [
        Weighed(
            Reported(
                reliability=weighing.reliability(upheld=upheld, rejected=rejected),
                account_age=report.created_at - report.reporter.created_at,
                organisations=organisations.get(report.reporter_id, frozenset()),
                note=report.note,
                at=report.created_at,
            ),
            report.reason,
        )
        for report in reports
        for upheld, rejected in [records.get(report.reporter_id, (0, 0))]
    ]


def records_of(people: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return how many reports of each person were upheld, and how many were not."""
    found = (
        Report.objects.filter(reporter__in=list(people))
        .exclude(outcome="")
        .values("reporter_id")
        .annotate(
            upheld=Count("id", filter=Q(outcome=Report.Outcome.UPHELD)),
            rejected=Count("id", filter=Q(outcome=Report.Outcome.REJECTED)),
        )
    )
    return {row["reporter_id"]: (row["upheld"], row["rejected"]) for row in found}


def _organisations_of(people: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    found: dict[UUID, set[str]] = {}
    ties = Membership.objects.filter(user__in=list(people))
    for person, organisation in ties.values_list("user_id", "organisation_id"):
        found.setdefault(person, set()).add(str(organisation))
    return {person: frozenset(names) for person, names in found.items()}
