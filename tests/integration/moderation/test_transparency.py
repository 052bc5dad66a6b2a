"""The transparency report counts what the rows say, in its period and organisation."""

import csv
from datetime import timedelta
from io import StringIO

import pytest

from moderation.app import selectors, services
from moderation.app.handlers import on_interaction
from moderation.app.models import Case, Statement
from moderation.app.transparency_table import HEADINGS, as_csv, figures
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def report(viewer: Viewer | None = None) -> selectors.TransparencyReport:
    return selectors.transparency_for(
        viewer or stage.staff("auditor"),
        since=now() - timedelta(days=1),
        until=now() + timedelta(days=1),
    )


def a_busy_day() -> None:
    """One block by the gate, appealed and overturned; one by a person; a notice; two reports."""
    by_gate = stage.pending(content="hatemark")
    stage.consume(by_gate)
    appeal = services.make_appeal(
        viewer=factories.viewer_of(by_gate.owner), asset_id=by_gate.pk, words="It is a quotation."
    )
    services.decide_case(
        case_id=appeal.answer_id,
        action="release",
        viewer=stage.staff("reviewer", name="Otto"),
        reason="quoted",
    )
    conduct.decided(conduct.held_of(factories.make_user(), factories.make_project(), "hate"))
    claimed = stage.pending()
    stage.consume(claimed)
    services.record_notice(
        viewer=stage.staff("reviewer"),
        asset_id=claimed.pk,
        claimant="Harbour Press",
        basis="copyright",
        reason="It copies our photograph.",
    )
    conduct.decided(stage.case_of(claimed))
    seen = stage.pending()
    stage.consume(seen)
    for name in ("Ada", "Bob"):
        on_interaction(*stage.reported(seen, stage.established(name), "this is me"))
    conduct.decided(stage.case_of(seen), "release")


def test_every_row_is_counted_once_and_where_it_belongs() -> None:
    a_busy_day()
    told = report()
    assert told.taken == Statement.objects.count()
    blocked = [one for one in told.measures if one.measure == "blocked"]
    speech = "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH"
    assert {(one.category, one.automation, one.count) for one in blocked} >= {
        (speech, "AUTOMATED_DECISION_FULLY", 1),
        (speech, "AUTOMATED_DECISION_NOT_AUTOMATED", 1),
    }
    assert {one.ground for one in blocked if one.source == "SOURCE_ARTICLE_16"} == {
        "DECISION_GROUND_ILLEGAL_CONTENT"
    }
    author, reporter = told.complaints
    assert (author.made, author.overturned, author.upheld, author.open) == (1, 1, 0, 0)
    assert author.took is not None
    assert (reporter.made, reporter.took) == (0, None)
    assert (told.automatic_appealed, told.automatic_overturned) == (1, 1)
    (notice,) = told.notices
    assert (notice.basis, notice.received, notice.blocked, notice.open) == ("copyright", 1, 1, 0)
    assert sum(one.received for one in told.reports) == 2
    assert sum(one.rejected for one in told.reports) == 2
    assert told.decided_by_people == Case.objects.filter(decided_by__isnull=False).count() == 4
    assert told.took is not None


def test_what_is_outside_of_the_period_does_not_count() -> None:
    a_busy_day()
    later = selectors.transparency_for(
        stage.staff("auditor"), since=now() + timedelta(days=1), until=now() + timedelta(days=31)
    )
    assert (later.taken, later.decided_by_people, later.took) == (0, 0, None)
    assert (later.notices, later.reports) == ((), ())


def test_the_table_says_the_same_as_the_report() -> None:
    a_busy_day()
    told = report()
    rows = list(csv.reader(StringIO(as_csv(told).removeprefix("\ufeff"))))
    assert tuple(rows[0]) == HEADINGS
    taken = [int(row[3]) for row in rows if row[0] == "measures taken"]
    assert sum(taken) == told.taken
    assert ["complaints", "author", "overturned", "1"] in rows
    assert ["notices", "copyright", "blocked", "1"] in rows
    assert len(rows) == 3 + len(list(figures(told)))


def test_only_review_staff_read_it_before_it_is_published() -> None:
    with pytest.raises(NotAllowed):
        report(factories.viewer_of(factories.make_user()))
