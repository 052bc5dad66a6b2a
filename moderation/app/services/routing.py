"""Which queue a case waits in: asked when it opens, and again when what rules see has changed."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction

from moderation.app.configuration import clocks, consequences
from moderation.app.models import Case, ReviewQueue
from moderation.app.selectors.reporters import reported_in
from moderation.core.expressions import Expression
from moderation.core.hazards import severity
from moderation.core.languages import language_of
from moderation.core.routing import Facts, condition, first_match
from tidegate.assets.models import Asset
from tidegate.contracts.ports import reach
from tidegate.primitives.clock import now

AT_ONCE: Final = 200
_CLOCK: Final = "law"


def place(case: Case, asset: Asset) -> None:
    """Say in which queue a case waits that is being opened or changed; who asks saves it."""
    case.reach = reach().seen_by(asset.pk)
    case.queue_id = first_match(_rules(), facts_of(case, asset))
    case.routed_at = now()


def route_changed(*, at_most: int = AT_ONCE) -> int:
    """Route the cases whose facts, or whose queues' rules, have changed; return how many.

    Each is a transaction of its own: it may be killed, and run twice at once.
    """
    changed = Case.objects.exclude(state=Case.State.DECIDED).filter(routed_at=None)
    keys = list(changed.order_by("created_at").values_list("pk", flat=True)[:at_most])
    for case_id in keys:
        _route(case_id)
    return len(keys)


@transaction.atomic
def _route(case_id: UUID) -> None:
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case_id)
    if case.state != Case.State.DECIDED:
        place(case, case.asset)
        case.save(update_fields=["queue", "routed_at", "reach"])


def taken_by(rule: Expression, cases: Iterable[Case]) -> int:
    """Return how many of these cases a rule holds for."""
    rules = [("", rule)]
    return sum(first_match(rules, facts_of(case, case.asset)) is not None for case in cases)


def facts_of(case: Case, asset: Asset) -> Facts:
    """Return what rules may ask about a case."""
    reports = reported_in(case, but=asset.owner_id) if case.report_count else []
    named = {*case.hazards, *(one.reason for one in reports)} - {"", "other"}
    weighing = consequences().reports
    clock = clocks().named(case.due_under)
    return Facts(
        because=str(case.because),
        severity=case.severity,
        hazards={name: float(severity(name)) for name in named},
        language=language_of(f"{asset.prompt}\n{asset.text}"),
        modality=asset.modality,
        organisation=str(case.organisation_id),
        policy=case.verdict.policy.version if case.verdict is not None else "",
        desk=str(case.desk),
        clock=case.due_under,
        is_law=clock is not None and clock.regime == _CLOCK,
        is_late=case.late_at is not None,
        reports_count=case.report_count,
        reports_weight=case.report_weight,
        reports_best=max((weighing.alone(one.reported) for one in reports), default=0.0),
        reach=case.reach,
    )


def _rules() -> list[tuple[UUID, Expression]]:
    rows = ReviewQueue.objects.order_by("position", "name").values_list("pk", "rule")
    return [(key, condition(rule)) for key, rule in rows]
