"""A transparency report as a table: one figure a line, for spreadsheets and for other programs.

CSV by RFC 4180 in UTF-8, as Implementing Regulation (EU) 2024/2835 wants its reports.
"""

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Final

from moderation.app.selectors.transparency import TransparencyReport

HEADINGS: Final = ("indicator", "category", "scope", "value")
Figure = tuple[str, str, str, int]


def as_csv(report: TransparencyReport) -> str:
    """Return the report as CSV, its period first."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADINGS)
    writer.writerow(("period", "", "since", report.since.isoformat()))
    writer.writerow(("period", "", "until", report.until.isoformat()))
    writer.writerows(figures(report))
    return file.getvalue()


def figures(report: TransparencyReport) -> Iterator[Figure]:
    """Yield every figure; times are medians in whole hours."""
    for one in report.measures:
        scope = f"{one.measure};{one.source};{one.detection};{one.automation};{one.ground}"
        yield "measures taken", one.category, scope, one.count
    yield "cases decided by people", "", "", report.decided_by_people
    yield from _hours("median hours from case to decision", "", report.took)
    for scope, count in (
        ("decided", report.automatic_appealed),
        ("overturned", report.automatic_overturned),
    ):
        yield "automatic decisions appealed against", "", scope, count
    yield from _asked_of_us(report)


def _asked_of_us(report: TransparencyReport) -> Iterator[Figure]:
    for party in report.complaints:
        for scope in ("made", "upheld", "overturned", "open"):
            yield "complaints", party.party, scope, getattr(party, scope)
        yield from _hours("median hours to answer a complaint", party.party, party.took)
    for notice in report.notices:
        for scope in ("received", "blocked", "released", "open"):
            yield "notices", notice.basis, scope, getattr(notice, scope)
        yield from _hours("median hours to answer a notice", notice.basis, notice.took)
    for reported in report.reports:
        for scope in ("received", "upheld", "rejected"):
            yield "reports", reported.reason or "none given", scope, getattr(reported, scope)


def _hours(indicator: str, category: str, span: timedelta | None) -> Iterator[Figure]:
    if span is not None:
        yield indicator, category, "", round(span.total_seconds() / 3600)
