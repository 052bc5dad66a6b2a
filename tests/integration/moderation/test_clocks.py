"""Cases are due: by the clock of their cause, earlier for what joins them; late ones come first."""

from datetime import timedelta

import pytest

from moderation.app import selectors, services
from moderation.app.handlers import on_interaction
from moderation.app.models import Case
from moderation.app.services.clocks import escalate_late
from tests import factories
from tests.integration.generation.maker import at_once
from tests.integration.moderation import conduct, stage
from tidegate.primitives.clock import now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def hours_left(case: Case) -> float:
    case.refresh_from_db()
    assert case.due_at is not None
    return (case.due_at - now()).total_seconds() / 3600


def past_due(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(due_at=now() - timedelta(minutes=1))


def test_a_case_is_due_by_the_clock_of_its_cause() -> None:
    _, case = stage.held()
    assert 23.9 < hours_left(case) < 24
    assert case.due_under == "hold"


def test_what_joins_a_case_may_shorten_its_time_and_never_lengthens_it() -> None:
    asset, case = stage.held()
    services.record_notice(
        viewer=stage.staff("reviewer"),
        asset_id=asset.pk,
        claimant="Regional court",
        basis="court_order",
        reason="An injunction.",
    )
    assert 2.9 < hours_left(case) < 3
    assert case.due_under == "notice_court_order"
    services.record_notice(
        viewer=stage.staff("reviewer"),
        asset_id=asset.pk,
        claimant="Harbour Press",
        basis="privacy",
        reason="It shows our editor.",
    )
    assert hours_left(case) < 3


def test_a_report_starts_the_clock_of_its_reason() -> None:
    asset = stage.pending()
    stage.consume(asset)
    on_interaction(*stage.reported(asset, stage.established(), "this is me"))
    case = stage.case_of(asset)
    assert case.due_under == "report"
    assert 23.9 < hours_left(case) < 24


def test_a_late_case_comes_first_and_is_alarmed_once() -> None:
    (_, urgent), (_, late) = stage.held(), stage.held()
    Case.objects.filter(pk=urgent.pk).update(severity=90)
    past_due(late)
    assert [escalate_late(), escalate_late()] == [1, 0]
    late.refresh_from_db()
    assert (late.severity, late.late_at is not None) == (100, True)
    assert stage.trail(late.pk) == ["case.opened", "case.late"]
    assert stage.announced(late.asset).count("tidegate.case.late.v1") == 1
    reviewer = stage.staff("reviewer")
    first = services.claim_next_case(viewer=reviewer)
    assert first is not None
    assert first.pk == late.pk
    line = selectors.queue(reviewer, state="mine").cases[0]
    assert (line.is_late, line.due_under) == (True, "hold")
    assert selectors.queue_counts(reviewer).late == 1


def test_what_is_decided_or_not_due_yet_is_left_alone() -> None:
    (_, decided), (_, waiting) = stage.held(), stage.held()
    conduct.decided(decided, "release")
    past_due(decided)
    assert escalate_late() == 0
    waiting.refresh_from_db()
    assert waiting.late_at is None


def test_an_appeal_against_an_open_case_does_not_give_it_more_time() -> None:
    asset, case = stage.held()
    conduct.decided(case)
    again = conduct.reopened(asset)
    services.make_appeal(
        viewer=factories.viewer_of(asset.owner), asset_id=asset.pk, words="It is a play."
    )
    assert hours_left(again) < 24
    assert again.due_under == "report"


@pytest.mark.django_db(transaction=True)
def test_two_schedules_at_once_alarm_once() -> None:
    _, case = stage.held()
    past_due(case)
    assert sorted(at_once(lambda _: escalate_late(), threads=4)) == [0, 0, 0, 1]
    assert stage.trail(case.pk).count("case.late") == 1
