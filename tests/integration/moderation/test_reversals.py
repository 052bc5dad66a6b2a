"""A decision is taken back: by its maker within seconds, by senior staff at any time."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db.models import F

from moderation.app import posting, services
from moderation.app.models import (
    Case,
    Decision,
    HashEntry,
    Hold,
    Letter,
    Report,
    Restriction,
    Spread,
    Statement,
    Strike,
)
from moderation.app.selectors import own_letters, own_statements, transparency_for
from tests import factories
from tests.integration.moderation import conduct, stage
from tests.integration.moderation.test_decisions import decide, decision, stage_report
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.services import withdraw_asset
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

Run = Callable[[list[Callable[[], object]]], list[object]]


def undo(case: Case, viewer: Viewer) -> Case:
    return services.undo_decision(decision_id=decision(case).pk, viewer=viewer)


def reverse(case: Case, **given: str) -> Case:
    senior = stage.staff("senior_reviewer", name="Sol")
    reason = given.get("reason", "A mistake.")
    return services.reverse_decision(decision_id=decision(case).pk, viewer=senior, reason=reason)


def age_decisions(seconds: float = 60) -> None:
    for model in (Decision, Letter):
        model.objects.update(created_at=F("created_at") - timedelta(seconds=seconds))


def test_an_undone_block_leaves_nothing_of_it_and_the_case_is_the_reviewers_again() -> None:
    asset, case = stage.held()
    child, twin = (
        factories.make_asset(parent=asset),
        factories.make_asset(text="some violencemaybe here"),
    )
    before = Asset.objects.get(pk=asset.pk)
    reviewer = stage.staff("reviewer")
    decide(case, reviewer, list_hashes=True)
    assert (stage.visibility(child), stage.visibility(twin)) == ("held", "held")
    again = undo(case, reviewer)
    assert (again.state, again.claimed_by_id) == ("claimed", reviewer.user_id)
    assert (again.previous_id, again.because, again.hazards) == (case.pk, "hold", ["violence"])
    assert stage.visibility(asset) == "held"
    after = Asset.objects.get(pk=asset.pk)
    assert (after.reasons, after.public_reasons) == (before.reasons, before.public_reasons)
    assert (stage.visibility(child), stage.visibility(twin)) == ("released", "released")
    assert not Strike.objects.filter(voided_at=None).exists()
    assert not HashEntry.objects.exists()
    viewer = factories.viewer_of(asset.owner)
    assert list(own_letters(viewer)) == []
    assert list(own_statements(viewer)) == []
    assert stage.trail(case.pk)[-1] == "decision.reversed"
    assert "tidegate.decision.reversed.v1" in stage.announced(asset)


def test_undoing_twice_is_once_and_the_case_can_be_decided_anew() -> None:
    asset, case = stage.held()
    reviewer = stage.staff("reviewer")
    decide(case, reviewer)
    again = undo(case, reviewer)
    assert undo(case, reviewer) == again
    assert decide(again, reviewer, "release").outcome == "release"
    assert stage.visibility(asset) == "released"


def test_an_undone_release_is_held_again_with_what_it_was_held_for() -> None:
    parent, other = stage.held()
    child = factories.make_asset(parent=parent)
    reviewer = stage.staff("reviewer")
    decide(other, reviewer)
    case = stage.case_of(child)
    decide(case, reviewer, "release")
    assert stage.visibility(child) == "released"
    again = undo(case, reviewer)
    assert stage.visibility(child) == "held"
    hold = Hold.objects.get(asset=child)
    assert (hold.case_id, hold.ended_at) == (again.pk, None)
    standing = Statement.objects.get(asset=child, ended_at=None)
    assert standing.measure == "held"
    services.release_claim(case_id=again.pk, viewer=reviewer)
    conduct.decided(conduct.reopened(parent), "release")
    assert stage.visibility(child) == "released"
    assert not Spread.objects.filter(ended_at=None).exists()


def test_marks_are_put_back() -> None:
    asset, case = stage.held()
    reviewer = stage.staff("reviewer")
    decide(case, reviewer, "rate", details={"rating": "mature"})
    again = undo(case, reviewer)
    assert Asset.objects.get(pk=asset.pk).rating == ""
    decide(again, reviewer, "label", details={"labels": ["fiction"]})
    undo(again, reviewer)
    assert Asset.objects.get(pk=asset.pk).labels == []


def test_a_restriction_by_hand_goes_with_the_decision() -> None:
    asset, case = stage.held()
    senior = stage.staff("senior_reviewer")
    decide(case, senior, "restrict_author", details={"kind": "no_public"})
    undo(case, senior)
    assert not Restriction.objects.filter(author_id=asset.owner_id, ended_at=None).exists()


def test_reports_are_open_again_and_their_reporters_hear_nothing_before_the_next_decision() -> None:
    asset = factories.make_asset()
    case, reviewer = stage_report(asset), stage.staff("reviewer")
    decide(case, reviewer)
    report = Report.objects.get()
    assert report.outcome == "upheld"
    again = undo(case, reviewer)
    report.refresh_from_db()
    assert (report.outcome, report.case_id, again.report_count) == ("", again.pk, 1)
    assert stage.visibility(asset) == "released"
    assert list(own_letters(factories.viewer_of(report.reporter))) == []
    decide(again, reviewer, "release")
    assert len(own_letters(factories.viewer_of(report.reporter))) == 1


def test_nobody_is_written_to_while_it_can_be_undone() -> None:
    _, case = stage.held()
    decide(case, stage.staff("reviewer"))
    assert posting.post_letters() == 0
    age_decisions()
    assert posting.post_letters() == 1


def test_undoing_has_an_end_and_is_ones_own() -> None:
    asset, case = stage.held()
    reviewer = stage.staff("reviewer")
    decide(case, reviewer)
    with pytest.raises(NotAllowed) as other:
        undo(case, stage.staff("reviewer", name="Sol"))
    assert other.value.code == "not_own_decision"
    age_decisions(16)
    with pytest.raises(Conflict) as late:
        undo(case, reviewer)
    assert late.value.code == "undo_too_late"
    assert stage.visibility(asset) == "blocked"
    with pytest.raises(NotFound):
        services.undo_decision(decision_id=new_id(), viewer=reviewer)


def test_senior_staff_reverse_later_and_what_was_read_stands_until_the_next_decision() -> None:
    asset, case = stage.held()
    decide(case, stage.staff("reviewer"))
    age_decisions()
    assert posting.post_letters() == 1
    again = reverse(case)
    assert (again.state, stage.visibility(asset)) == ("open", "held")
    standing = Statement.objects.get(asset=asset, ended_at=None)
    assert standing.measure == "blocked"
    decide(again, stage.staff("reviewer"), "release")
    standing.refresh_from_db()
    assert standing.ended_at is not None
    kinds = [letter.kind for letter in own_letters(factories.viewer_of(asset.owner))]
    assert kinds == ["restored", "statement"]


def test_what_others_saw_is_seen_again_and_its_author_is_told() -> None:
    asset = factories.make_asset()
    case = stage_report(asset)
    decide(case, stage.staff("reviewer"))
    age_decisions()
    posting.post_letters()
    reverse(case)
    assert stage.visibility(asset) == "released"
    kinds = [letter.kind for letter in own_letters(factories.viewer_of(asset.owner))]
    assert kinds == ["restored", "statement"]


def test_what_its_owner_had_withdrawn_is_withdrawn_again() -> None:
    asset = factories.make_asset()
    case = stage_report(asset)
    withdraw_asset(viewer=factories.viewer_of(asset.owner), asset_id=asset.pk)
    decide(case, stage.staff("reviewer"))
    assert stage.visibility(asset) == "blocked"
    reverse(case)
    assert stage.visibility(asset) == "withdrawn"


def test_reversing_needs_a_reason_and_senior_staff() -> None:
    _, case = stage.held()
    reviewer = stage.staff("reviewer")
    decide(case, reviewer)
    with pytest.raises(InvalidInput):
        reverse(case, reason=" ")
    with pytest.raises(NotAllowed):
        services.reverse_decision(decision_id=decision(case).pk, viewer=reviewer, reason="so")


@pytest.mark.parametrize("what", ["moved", "appealed", "reopened", "referred", "overturned"])
def test_what_more_hangs_on_is_not_reversed(what: str) -> None:
    asset, case = stage.held()
    reviewer = stage.staff("reviewer")
    if what == "referred":
        decide(case, reviewer, "second_level")
    else:
        decide(case, reviewer, "release" if what == "moved" else "block")
    if what == "moved":
        withdraw_asset(viewer=factories.viewer_of(asset.owner), asset_id=asset.pk)
    if what == "appealed":
        services.make_appeal(
            viewer=factories.viewer_of(asset.owner), asset_id=asset.pk, words="It is a stage."
        )
    if what == "reopened":
        conduct.reopened(asset)
    if what == "overturned":
        answer = conduct.reopened(asset)
        decide(answer, reviewer, "release")
        case = answer
    state = stage.visibility(asset)
    with pytest.raises(Conflict) as refused:
        reverse(case)
    assert refused.value.code in {"moved_on", "appeal_depends", "not_reversible"}
    assert stage.visibility(asset) == state
    assert not Decision.objects.filter(reversed_at__isnull=False).exists()


def test_figures_count_no_decision_that_was_taken_back() -> None:
    _, case = stage.held()
    auditor, reviewer = stage.staff("auditor"), stage.staff("reviewer")
    decide(case, reviewer)
    day = timedelta(days=1)
    read = partial(transparency_for, auditor, since=now() - day, until=now() + day)
    assert (read().decided_by_people, sum(one.count for one in read().measures)) == (1, 1)
    undo(case, reviewer)
    assert (read().decided_by_people, sum(one.count for one in read().measures)) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_undoing_races_with_an_appeal_and_one_of_them_wins(in_threads: Run) -> None:
    for _ in range(4):
        asset, case = stage.held(content=f"violencemaybe {new_id()}")
        reviewer = stage.staff("reviewer")
        decide(case, reviewer)
        author = factories.viewer_of(asset.owner)
        in_threads(
            [
                partial(services.undo_decision, decision_id=decision(case).pk, viewer=reviewer),
                partial(
                    services.make_appeal, viewer=author, asset_id=asset.pk, words="It is a stage."
                ),
            ]
        )
        undone = decision(case).reversed_at is not None
        assert stage.visibility(asset) == ("held" if undone else "blocked")
        assert Case.objects.filter(asset=asset).exclude(state="decided").count() == 1
