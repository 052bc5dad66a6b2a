"""After so long, or so much that hurts, no case is given until somebody has rested."""

from collections.abc import Callable
from functools import partial

import pytest

from moderation.app import selectors, services
from moderation.app.models import Case, ReviewerCare
from tests import factories
from tests.integration.moderation import caring, stage
from tests.integration.moderation.clock import Clock
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import NotAllowed, TidegateError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

Run = Callable[[list[Callable[[], object]]], list[object]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def refused(way: Callable[[], object]) -> dict[str, object]:
    """Return what a refusal for a break says."""
    with pytest.raises(TidegateError) as error:
        way()
    assert (error.value.code, error.value.status) == ("break_running", 429)
    return error.value.extra


def decide(case: Case, viewer: Viewer) -> Case:
    return services.decide_case(case_id=case.pk, action="release", viewer=viewer, reason="So.")


def test_after_an_hour_of_it_a_break_is_due_and_over_after_ten_minutes(clock: Clock) -> None:
    cases = [caring.case_about("spam") for _ in range(3)]
    viewer = stage.staff("reviewer")
    services.claim_next_case(viewer=viewer)
    for _ in range(11):
        clock.forward(minutes=5)
        services.claim_case(case_id=cases[0].pk, viewer=viewer)  # the page renews
    clock.forward(minutes=4, seconds=59)
    decide(cases[0], viewer)
    assert services.claim_next_case(viewer=viewer) == cases[1]
    services.release_claim(case_id=cases[1].pk, viewer=viewer)
    clock.forward(seconds=1)
    extra = refused(partial(services.claim_next_case, viewer=viewer))
    assert extra["because"] == "time"
    assert extra["retry_after"] == 10 * 60 - 1
    assert selectors.case_for(viewer, cases[1].pk).refusal == "break_running"
    for way in (
        partial(services.claim_case, case_id=cases[1].pk, viewer=viewer),
        partial(decide, cases[1], viewer),
    ):
        refused(way)
    # Others go on meanwhile.
    other = stage.staff("reviewer")
    assert services.claim_next_case(viewer=other) == cases[1]
    decide(cases[1], other)
    clock.forward(minutes=9, seconds=58)
    assert refused(partial(services.claim_next_case, viewer=viewer))["retry_after"] == 1
    clock.forward(seconds=1)
    assert services.claim_next_case(viewer=viewer) == cases[2]


def test_a_rest_of_ones_own_is_a_break(clock: Clock) -> None:
    cases = [caring.case_about("spam") for _ in range(2)]
    viewer = stage.staff("reviewer")
    services.note_view(case_id=cases[0].pk, viewer=viewer)
    clock.forward(minutes=9)
    services.note_view(case_id=cases[1].pk, viewer=viewer)
    clock.forward(minutes=10)
    assert selectors.exposure_of(viewer).sitting_began_at is None
    clock.forward(minutes=45)
    assert services.claim_next_case(viewer=viewer) == cases[0]
    assert ReviewerCare.objects.get().began_at == clock.time


def test_after_so_many_graphic_cases_a_break_is_due_and_a_case_held_may_be_finished(
    clock: Clock,
) -> None:
    caring.lay_down(exposures=2)
    first, harmless, second, third = (
        caring.case_about(hazard) for hazard in ("violence", "spam", "self_harm", "sexual")
    )
    viewer = stage.staff("reviewer")
    services.claim_case(case_id=third.pk, viewer=viewer)
    services.claim_case(case_id=first.pk, viewer=viewer)
    for case in (first, first, harmless):
        services.note_view(case_id=case.pk, viewer=viewer)
        services.unveil_case(case_id=case.pk, viewer=viewer)
    decide(first, viewer)
    services.claim_case(case_id=second.pk, viewer=viewer)
    services.note_view(case_id=second.pk, viewer=viewer)
    assert selectors.exposure_of(viewer).due is not None
    extra = refused(partial(services.claim_case, case_id=harmless.pk, viewer=viewer))
    assert extra["because"] == "exposures"
    # What is held comes from the queue as before, is renewed and is decided.
    clock.forward(minutes=4)
    assert services.claim_next_case(viewer=viewer, besides=[third.pk]) == second
    services.claim_case(case_id=second.pk, viewer=viewer)
    assert decide(second, viewer).state == "decided"
    clock.forward(minutes=9)
    refused(partial(services.claim_case, case_id=harmless.pk, viewer=viewer))
    # Even when its lease ran out meanwhile, and nobody took it over.
    assert decide(third, viewer).state == "decided"
    clock.forward(minutes=10)
    assert services.claim_case(case_id=harmless.pk, viewer=viewer).state == "claimed"


def test_without_limits_no_break_is_due(clock: Clock) -> None:
    caring.lay_down(exposures=0, work_minutes=0)
    cases = [caring.case_about("violence") for _ in range(2)]
    viewer = stage.staff("reviewer")
    for _ in range(30):
        services.claim_case(case_id=cases[0].pk, viewer=viewer)
        services.note_view(case_id=cases[0].pk, viewer=viewer)
        clock.forward(minutes=5)
    assert services.claim_case(case_id=cases[1].pk, viewer=viewer).state == "claimed"


def test_each_graphic_case_counts_once_by_what_was_done_with_it(clock: Clock) -> None:
    both = caring.case_about("violence", "sexual")
    gore, spam = caring.case_about("violent_crime"), caring.case_about("spam")
    viewer = stage.staff("reviewer")
    for case in (both, both, gore, spam):
        services.note_view(case_id=case.pk, viewer=viewer)
    services.unveil_case(case_id=both.pk, viewer=viewer)
    assert not services.unveil_case(case_id=both.pk, viewer=viewer)
    decide(both, viewer)
    services.note_view(case_id=gore.pk, viewer=stage.staff("reviewer"))
    seen = selectors.exposure_of(viewer).today
    total = seen.total
    assert (total.cases, total.opened, total.uncovered, total.decided) == (2, 2, 1, 1)
    by_hazard = {one.hazard: (one.opened, one.uncovered, one.decided) for one in seen.by_hazard}
    assert by_hazard == {"violent_crime": (1, 0, 0), "violence": (1, 1, 1), "sexual": (1, 1, 1)}


def test_yesterday_is_not_today_and_a_sitting_may_begin_before_midnight(clock: Clock) -> None:
    clock.time = clock.time.replace(hour=23, minute=55)
    one, other = caring.case_about("violence"), caring.case_about("sexual")
    viewer = stage.staff("reviewer")
    services.note_view(case_id=one.pk, viewer=viewer)
    clock.forward(minutes=9)
    services.note_view(case_id=other.pk, viewer=viewer)
    seen = selectors.exposure_of(viewer)
    assert (seen.today.total.cases, seen.sitting.total.cases) == (1, 2)


def test_what_a_reviewer_sees_through_a_key_of_theirs_counts_for_them(clock: Clock) -> None:
    case = caring.case_about("violence")
    reviewer = factories.make_user(staff=["reviewer"])
    organisation = case.asset.project.organisation
    factories.make_member(organisation, "admin", reviewer)
    key, _ = factories.make_key(organisation, creator=reviewer, scopes=["cases:read"])
    services.note_view(case_id=case.pk, viewer=factories.viewer_of(key))
    assert selectors.exposure_of(factories.viewer_of(reviewer)).today.total.cases == 1


def test_leads_read_everybodys_figures_and_others_do_not(clock: Clock) -> None:
    case = caring.case_about("violence")
    rita = stage.staff("reviewer", name="Rita")
    lea = stage.staff("senior_reviewer", name="Lea")
    stage.staff("auditor", name="Otto")
    services.note_view(case_id=case.pk, viewer=rita)
    listed = {one.name: one.today.total.cases for one in selectors.exposures(lea)}
    assert listed == {"Lea": 0, "Rita": 1}
    for viewer in (rita, stage.staff("auditor"), stage.staff()):
        with pytest.raises(NotAllowed):
            selectors.exposures(viewer)
        with pytest.raises(NotAllowed):
            selectors.hazards_without_reviewers(viewer)


@pytest.mark.django_db(transaction=True)
def test_of_two_claims_at_once_none_slips_past_a_break(in_threads: Run) -> None:
    caring.lay_down(exposures=1)
    cases = [caring.case_about("violence") for _ in range(3)]
    viewer = stage.staff("reviewer")
    services.note_view(case_id=cases[0].pk, viewer=viewer)
    results = in_threads(
        [partial(services.claim_case, case_id=case.pk, viewer=viewer) for case in cases[1:]]
    )
    assert [getattr(one, "code", one) for one in results] == ["break_running"] * 2
    assert not Case.objects.exclude(state="open").exists()
