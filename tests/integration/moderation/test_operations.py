"""The figures of the work: what waits, what came in and went out, how fast, how well, by whom."""

from datetime import timedelta

import pytest

from moderation.app import selectors, services
from moderation.app.models import Case
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def aged(case: Case, **ago: float) -> None:
    """Let a case have been opened earlier."""
    Case.objects.filter(pk=case.pk).update(created_at=now() - timedelta(**ago))


def test_an_idle_console_has_figures_of_nothing() -> None:
    seen = selectors.operations(stage.staff("reviewer"))
    assert (seen.backlog, seen.opened, seen.decided) == (0, 0, 0)
    assert (seen.p50, seen.p95, seen.overturn_rate) == (None, None, None)
    assert len(seen.steps) in {24, 25}
    assert (seen.waiting, seen.precision, seen.load) == ((), (), ())


def test_what_waits_comes_in_and_goes_out_is_counted() -> None:
    (_, one), (_, two), (_, waiting) = stage.held(), stage.held(), stage.held()
    aged(one, minutes=10)
    aged(two, minutes=30)
    aged(waiting, hours=3)
    for case, outcome in ((one, "block"), (two, "release")):
        conduct.decided(case, outcome)
    seen = selectors.operations(stage.staff("auditor"))
    (held,) = seen.waiting
    assert (held.because, held.count) == ("hold", 1)
    assert (seen.opened, seen.decided) == (3, 2)
    assert seen.p50 is not None
    assert seen.p95 is not None
    assert timedelta(minutes=19) < seen.p50 < timedelta(minutes=22)
    assert timedelta(minutes=28) < seen.p95 < timedelta(minutes=31)
    assert sum(step.opened for step in seen.steps) == 3
    assert [step.waited is not None for step in seen.steps].count(True) in {1, 2}


def test_detectors_are_measured_by_what_people_made_of_their_holds() -> None:
    (_, one), (_, two) = stage.held(), stage.held()
    conduct.decided(one, "block")
    conduct.decided(two, "release")
    (found,) = selectors.operations(stage.staff("auditor")).precision
    assert (found.hazard, found.held, found.blocked, found.share) == ("violence", 2, 1, 0.5)


def test_reviewers_are_measured_by_what_stood() -> None:
    asset, case = stage.held()
    rita = stage.staff("reviewer", name="Rita")
    services.decide_case(case_id=case.pk, action="block", viewer=rita, reason="so")
    appeal = services.make_appeal(
        viewer=factories.viewer_of(asset.owner), asset_id=asset.pk, words="It is a play."
    )
    otto = stage.staff("reviewer", name="Otto")
    services.decide_case(case_id=appeal.answer_id, action="release", viewer=otto, reason="it is")
    seen = selectors.operations(otto)
    load = {one.name: (one.decided, one.blocked, one.appealed, one.overturned) for one in seen.load}
    assert load == {"Rita": (1, 1, 1, 1), "Otto": (1, 0, 0, 0)}
    assert seen.overturn_rate == 1.0


def test_a_longer_window_has_days_and_reaches_further_back() -> None:
    _, case = stage.held()
    aged(case, days=3)
    reviewer = stage.staff("reviewer")
    assert selectors.operations(reviewer).opened == 0
    week = selectors.operations(reviewer, hours=168)
    assert (week.opened, week.step) == (1, "day")
    assert len(week.steps) in {7, 8}
    assert selectors.operations(reviewer, hours=5).hours == 24


def test_only_review_staff_read_it() -> None:
    with pytest.raises(NotAllowed):
        selectors.operations(factories.viewer_of(factories.make_user()))
