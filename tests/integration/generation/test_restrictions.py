"""A restriction stops its author here and now, and lifting it gives back what it alone held."""

from datetime import timedelta

import pytest

from generation.app import services as generation
from generation.app.models import Bar, Composition, Job
from generation.app.services.bars import Barred
from moderation.app import services
from moderation.app.models import Case, Restriction, Strike
from moderation.app.services.conduct import end_expired
from moderation.app.services.reports import record_report
from tests import factories
from tests.integration.generation import composing
from tests.integration.generation.maker import Maker, at_once
from tests.integration.moderation import conduct, stage
from tidegate.assets.models import Asset
from tidegate.audit.models import Entry
from tidegate.ledger.selectors import balance_of
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


def _lifted(restriction: Restriction) -> Restriction:
    return services.lift_restriction(
        viewer=stage.staff("policy_admin"), restriction_id=restriction.pk, reason="a mistake"
    )


def test_a_suspension_cancels_and_holds_in_one_transaction(maker: Maker) -> None:
    had = balance_of(maker.organisation_id).available
    running = maker.asks()
    generation.claim_job(modality="image", worker="w1")
    queued = maker.asks()
    shown = factories.make_asset(maker.project, owner=maker.user)
    someone_elses = factories.make_asset()
    restriction = conduct.suspended(maker.user)
    queued.refresh_from_db()
    running.refresh_from_db()
    assert queued.state == Job.State.CANCELLED
    assert running.cancel_requested_at is not None
    assert (stage.visibility(shown), stage.visibility(someone_elses)) == ("held", "released")
    case = stage.case_of(shown)
    assert (case.because, case.state) == ("restriction", "open")
    entry = Entry.objects.get(subject_id=str(restriction.pk))
    assert entry.action == "restriction.imposed"
    assert entry.after is not None
    assert (entry.after["jobs_cancelled"], entry.after["outputs_held"]) == (2, 1)
    # What was not delivered costs nothing.
    assert balance_of(maker.organisation_id).available == had - running.cost_credits


@pytest.mark.parametrize(
    ("kind", "code"), [("cooldown", "author_cooling"), ("suspended", "author_suspended")]
)
def test_a_barred_author_is_told_why_and_until_when(maker: Maker, kind: str, code: str) -> None:
    restriction = conduct.suspended(maker.user, kind, hours=3)
    had = balance_of(maker.organisation_id).available
    with pytest.raises(Barred) as refusal:
        maker.asks()
    assert (refusal.value.code, refusal.value.status) == (code, 403)
    assert refusal.value.extra["restriction_id"] == str(restriction.pk)
    assert restriction.until is not None
    assert refusal.value.extra["until"] == restriction.until.isoformat()
    assert not Job.objects.exists()
    assert balance_of(maker.organisation_id).available == had


@pytest.mark.parametrize("kind", ["no_public", "hold_all"])
def test_who_is_only_looked_at_may_go_on_making(maker: Maker, kind: str) -> None:
    waiting = maker.asks()
    conduct.suspended(maker.user, kind)
    waiting.refresh_from_db()
    assert waiting.state == Job.State.CANCELLED
    assert maker.asks().state == Job.State.QUEUED


def test_a_suspension_in_one_organisation_is_none_elsewhere(maker: Maker) -> None:
    other = factories.make_organisation(maker.user)
    conduct.suspended(maker.user, organisation_id=other.pk)
    assert maker.asks().state == Job.State.QUEUED
    place = factories.make_project(other, creator=maker.user, audience="private")
    with pytest.raises(Barred):
        maker.asks(project_id=place.pk)


def test_a_batch_of_a_barred_author_is_refused_whole(maker: Maker) -> None:
    conduct.suspended(maker.user)
    request = generation.JobRequest(model_name="tidegate-image", prompt="a lighthouse")
    with pytest.raises(Barred):
        generation.submit_batch(
            viewer=maker.viewer, project_id=maker.project.pk, requests=[request, request]
        )


def test_a_composition_ends_with_its_authors_suspension(maker: Maker) -> None:
    composition = composing.asks(maker)
    conduct.suspended(maker.user)
    composition.refresh_from_db()
    assert composition.state == Composition.State.CANCELLED
    assert not Job.objects.filter(state="queued").exists()


def test_a_time_that_is_over_bars_nobody_and_is_written_down(maker: Maker) -> None:
    shown = factories.make_asset(maker.project, owner=maker.user)
    restriction = conduct.suspended(maker.user, "cooldown", hours=1)
    over = now() - timedelta(seconds=1)
    Restriction.objects.update(created_at=over - timedelta(hours=1), until=over)
    Bar.objects.update(until=over)
    assert maker.asks().state == Job.State.QUEUED
    assert (end_expired(), end_expired()) == (1, 0)
    restriction.refresh_from_db()
    assert (restriction.ended_because, restriction.ended_by) == ("expired", None)
    assert not Bar.objects.exists()
    # It was right while it lasted: what it held waits for its person.
    assert stage.visibility(shown) == "held"
    assert stage.case_of(shown).state == "open"


def test_lifting_releases_what_it_alone_held_and_nobody_decided(maker: Maker) -> None:
    shown, blocked, reported, old = (
        factories.make_asset(maker.project, owner=maker.user) for _ in range(4)
    )
    Asset.objects.filter(pk=old.pk).update(created_at=now() - timedelta(days=2))
    restriction = conduct.suspended(maker.user)
    conduct.decided(stage.case_of(blocked))
    _report_until_held(reported)
    assert stage.visibility(old) == "released"
    _lifted(restriction)
    assert [stage.visibility(one) for one in (shown, blocked, reported)] == [
        "released",
        "blocked",
        "held",
    ]
    case = stage.case_of(shown)
    assert (case.outcome, case.decided_by_system) == ("release", True)
    assert stage.case_of(reported).state == "open"
    assert maker.asks().state == Job.State.QUEUED
    restriction.refresh_from_db()
    assert restriction.ended_because == "lifted"
    assert restriction.ended_by is not None
    assert _lifted(restriction).end_reason == "a mistake"


def test_two_restrictions_hold_until_both_are_lifted(maker: Maker) -> None:
    shown = factories.make_asset(maker.project, owner=maker.user)
    first, second = conduct.suspended(maker.user), conduct.suspended(maker.user, "hold_all")
    _lifted(first)
    assert stage.visibility(shown) == "held"
    _lifted(second)
    assert stage.visibility(shown) == "released"
    assert conduct.holds(shown) == ["undone", "undone"]


def test_what_its_owner_withdrew_is_left_alone(maker: Maker) -> None:
    withdrawn = factories.make_asset(maker.project, owner=maker.user, visibility="withdrawn")
    conduct.suspended(maker.user)
    assert stage.visibility(withdrawn) == "withdrawn"
    assert not Case.objects.exists()


def test_only_senior_staff_restrict_and_nobody_themselves(maker: Maker) -> None:
    senior = stage.staff("senior_reviewer")
    assert senior.user_id is not None
    for viewer, author_id in (
        (stage.staff("reviewer"), maker.user.pk),
        (maker.viewer, maker.user.pk),
        (senior, senior.user_id),
    ):
        with pytest.raises(NotAllowed):
            services.impose_restriction(
                viewer=viewer, author_id=author_id, kind="suspended", reason="no"
            )
    for wrong in ({"kind": "banished"}, {"hours": 0}, {"reason": " "}):
        with pytest.raises(InvalidInput):
            services.impose_restriction(
                viewer=senior,
                **({"author_id": maker.user.pk, "kind": "suspended", "reason": "so"} | wrong),  # type: ignore[arg-type]  # the table's point
            )
    with pytest.raises(NotFound):
        services.impose_restriction(
            viewer=senior, author_id=maker.project.pk, kind="suspended", reason="so"
        )
    assert not Restriction.objects.exists()


def test_a_restriction_in_force_is_not_imposed_twice(maker: Maker) -> None:
    conduct.suspended(maker.user)
    with pytest.raises(Conflict):
        conduct.suspended(maker.user)


@pytest.mark.django_db(transaction=True)
def test_requests_that_race_a_suspension_leave_nothing_to_run(maker: Maker) -> None:
    senior = stage.staff("senior_reviewer")

    def act(number: int) -> object:
        try:
            if number == 3:
                return services.impose_restriction(
                    viewer=senior, author_id=maker.user.pk, kind="suspended", reason="so"
                )
            return [maker.asks() for _ in range(4)]
        except Barred as refusal:
            return refusal

    results = at_once(act, threads=6)
    assert sum(isinstance(result, Restriction) for result in results) == 1
    assert not Job.objects.exclude(state=Job.State.CANCELLED).exists()
    assert generation.claim_job(modality="image", worker="w1") is None
    with pytest.raises(Barred):
        maker.asks()


@pytest.mark.django_db(transaction=True)
def test_blocks_that_race_deliveries_deadlock_with_nobody(maker: Maker) -> None:
    """The third block suspends while workers claim the author's jobs and others are asked for."""
    cases = [conduct.held_of(maker.user, maker.project, "child_safety") for _ in range(2)]
    for _ in range(4):
        maker.asks()
    reviewers = [stage.staff("reviewer") for _ in cases]

    def act(number: int) -> object:
        if number < len(cases):
            return services.decide_case(
                case_id=cases[number].pk, action="block", viewer=reviewers[number], reason="so"
            )
        try:
            if number % 2:
                return [maker.asks() for _ in range(3)]
        except Barred as refusal:
            return refusal
        return generation.claim_job(modality="image", worker=f"w{number}")

    at_once(act, threads=6)
    assert Restriction.objects.get().kind == "suspended"
    assert Strike.objects.count() == 2
    assert not Job.objects.filter(state="queued").exists()
    assert not Job.objects.filter(state="running", cancel_requested_at=None).exists()


def _report_until_held(asset: Asset) -> None:
    record_report(
        asset_id=asset.pk,
        reporter_id=stage.established().pk,
        interaction_id=new_id(),
        note="",
        reason="child_safety",
        hold_at=3,
        correlation_id=asset.correlation_id,
    )
    assert conduct.holds(asset) == ["reported"]
