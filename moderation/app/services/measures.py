"""What was done to an output and on what it rests, read off the decision's own rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from moderation.app import wording
from moderation.app.configuration import configuration
from moderation.app.models import Case, TakedownNotice, Verdict
from moderation.core.dsa import Automation, Ground, Measure, Source
from tidegate.primitives.clock import now

# Why a case is open, where it says that a machine had found something.
_FOUND_BY_MACHINE: Final = (Case.Because.HOLD, Case.Because.LINEAGE)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was done to an output, and on what it rests. `ground` is asked for in a language."""

    measure: Measure
    hazards: tuple[str, ...]
    source: Source
    found_by_machine: bool
    automation: Automation
    ground: Callable[[], Ground]
    by_mail: bool = True
    case: Case | None = None
    verdict: Verdict | None = None
    appeal_until: datetime | None = None


def held(
    case: Case | None,
    *,
    because: str,
    source: Source,
    automation: Automation,
    verdict: Verdict | None,
    notice: TakedownNotice | None,
) -> Measured:
    """Return that something others saw is held back; `because` is a code of `public_reasons`."""
    hazards = tuple(verdict.hazards) if verdict is not None else ()

    def ground() -> Ground:
        if notice is not None:
            return wording.law_ground(notice, is_decided=False)
        return wording.rule_ground(hazards) if hazards else wording.waiting_ground(because)

    return Measured(
        measure=Measure.HELD,
        hazards=hazards,
        source=source,
        found_by_machine=source == Source.OWN,
        automation=automation,
        ground=ground,
        case=case,
        verdict=verdict,
    )


def gate_block(verdict: Verdict, case: Case | None) -> Measured:
    """Return that the gate blocked something by itself."""
    hazards = tuple(verdict.hazards)
    return Measured(
        measure=Measure.BLOCKED,
        hazards=hazards,
        source=Source.OWN,
        found_by_machine=True,
        automation=Automation.FULL,
        ground=lambda: wording.rule_ground(hazards),
        by_mail=False,
        case=case,
        verdict=verdict,
        appeal_until=_appeal_until(),
    )


def ruled(case: Case) -> Measured:
    """Return that a person blocked something."""
    notice = case.notices.order_by("pk").last()
    order = case.decisions.filter(reason_code__in=wording.ORDERS, is_proposal=False).last()
    hazards = tuple(case.grounds)

    def ground() -> Ground:
        if order is not None:
            return wording.order_ground(order)
        if notice is not None:
            return wording.law_ground(notice, is_decided=True)
        return wording.rule_ground(hazards)

    return Measured(
        measure=Measure.BLOCKED,
        hazards=hazards,
        source=_source(case, notice),
        found_by_machine=case.because in _FOUND_BY_MACHINE,
        automation=Automation.NONE,
        ground=ground,
        case=case,
        verdict=case.verdict,
        appeal_until=_appeal_until(),
    )


def _source(case: Case, notice: TakedownNotice | None) -> Source:
    if notice is not None:
        return Source.NOTICE
    by_report = case.report_count or case.because in (Case.Because.REPORT, Case.Because.APPEAL)
    return Source.REPORT if by_report else Source.OWN


def _appeal_until() -> datetime:
    return now() + timedelta(days=configuration().appeal_days)
