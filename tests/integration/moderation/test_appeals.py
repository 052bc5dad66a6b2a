"""Appeals: another person looks again, once, and everything that rested on the decision follows."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from moderation.app import selectors, services
from moderation.app.configuration import configuration
from moderation.app.engine import Engine
from moderation.app.handlers import on_interaction
from moderation.app.models import Appeal, Case, HashEntry, Report, Strike, Verdict
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

Run = Callable[[list[Callable[[], object]]], list[object]]
WHY = "It is a quotation from a play of 1604."


def by_gate() -> tuple[Asset, Viewer, Viewer | None]:
    """Let the gate block an output; return it, who may appeal and who decided."""
    asset = stage.pending(content="hatemark")
    stage.consume(asset)
    return asset, factories.viewer_of(asset.owner), None


def by_person() -> tuple[Asset, Viewer, Viewer | None]:
    """Let a reviewer block an output."""
    asset, case = stage.held()
    rita = stage.staff("reviewer", name="Rita")
    services.decide_case(case_id=case.pk, action="block", viewer=rita, reason="violent")
    return asset, factories.viewer_of(asset.owner), rita


def by_report() -> tuple[Asset, Viewer, Viewer | None]:
    """Let a reviewer release what somebody had reported."""
    asset = stage.pending()
    stage.consume(asset)
    reporter = stage.established()
    on_interaction(*stage.reported(asset, reporter, "this is me"))
    rita = stage.staff("reviewer", name="Rita")
    services.decide_case(
        case_id=stage.case_of(asset).pk, action="release", viewer=rita, reason="harmless"
    )
    return asset, factories.viewer_of(reporter), rita


def appealed(asset: Asset, viewer: Viewer, words: str = WHY) -> Appeal:
    return services.make_appeal(viewer=viewer, asset_id=asset.pk, words=words)


def answered(appeal: Appeal, outcome: str) -> Appeal:
    services.decide_case(
        case_id=appeal.answer_id,
        action=outcome,
        viewer=stage.staff("reviewer", name="Otto"),
        reason="I have looked at it again.",
    )
    appeal.refresh_from_db()
    return appeal


@pytest.mark.parametrize("meanwhile", ["nothing", "author restricted", "case open already"])
@pytest.mark.parametrize(
    ("decision", "outcome", "state", "visibility"),
    [
        (by_gate, "release", "overturned", "released"),
        (by_gate, "block", "upheld", "blocked"),
        (by_person, "release", "overturned", "released"),
        (by_person, "block", "upheld", "blocked"),
        (by_report, "release", "upheld", "released"),
        (by_report, "block", "overturned", "blocked"),
    ],
)
def test_every_decision_can_be_appealed_against_and_either_answer_counts(
    decision: Callable[[], tuple[Asset, Viewer, Viewer | None]],
    outcome: str,
    state: str,
    visibility: str,
    meanwhile: str,
) -> None:
    asset, party, decider = decision()
    before = stage.visibility(asset)
    if meanwhile == "author restricted":
        conduct.suspended(asset.owner, "hold_all")
        before = stage.visibility(asset)
        if before == "held":
            # The restriction holds what was released: there is nothing to see, nor to appeal.
            with pytest.raises(NotFound):
                appealed(asset, party)
            return
    elif meanwhile == "case open already":
        case = conduct.reopened(asset)
        if decider is not None:
            services.claim_case(case_id=case.pk, viewer=decider)
    appeal = appealed(asset, party)
    assert stage.visibility(asset) == before
    assert appeal.answer.not_by_id == (decider.user_id if decider else None)
    assert stage.announced(asset).count("tidegate.appeal.made.v1") == 1
    appeal = answered(appeal, outcome)
    assert (appeal.state, stage.visibility(asset)) == (state, visibility)
    assert appeal.closed_at is not None
    assert stage.trail(appeal.pk) == ["appeal.made", "appeal.decided"]
    reported = Report.objects.filter(asset=asset).values_list("outcome", flat=True)
    assert set(reported) <= {"upheld" if outcome == "block" else "rejected"}
    assert stage.announced(asset).count("tidegate.appeal.decided.v1") == 1
    # For the party that appealed it is final: it won, or may not see it, or has been answered.
    standing = selectors.appeal_standing(asset_now(asset), party.user_id)
    assert standing.refusal in {"nothing_to_appeal", "appeal_final"}
    with pytest.raises((Conflict, NotFound)):
        appealed(asset, party, "and again")


def asset_now(asset: Asset) -> Asset:
    return Asset.objects.get(pk=asset.pk)


def test_who_decided_neither_claims_nor_decides_nor_is_given_the_appeal(engine: Engine) -> None:
    asset, party, rita = by_person()
    assert rita is not None
    appeal = appealed(asset, party)
    with pytest.raises(NotAllowed, match="somebody else"):
        services.claim_case(case_id=appeal.answer_id, viewer=rita)
    with pytest.raises(NotAllowed, match="somebody else"):
        services.decide_case(
            case_id=appeal.answer_id, action="block", viewer=rita, reason="as before"
        )
    assert services.claim_next_case(viewer=rita) is None
    assert selectors.case_for(rita, appeal.answer_id).refusal == "own_decision"
    for fields in ({"decided_by_id": rita.user_id}, {"claimed_by_id": rita.user_id}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Case.objects.filter(pk=appeal.answer_id).update(**fields)
    assert services.claim_next_case(viewer=stage.staff("reviewer")) == appeal.answer


def test_a_reviewer_who_reported_does_not_decide_their_own_appeal(engine: Engine) -> None:
    asset = stage.pending()
    stage.consume(asset)
    otto = factories.make_user(display_name="Otto", staff=("reviewer",))
    reporter = factories.viewer_of(otto)
    on_interaction(*stage.reported(asset, otto, "this is me"))
    services.decide_case(
        case_id=stage.case_of(asset).pk,
        action="release",
        viewer=stage.staff("reviewer"),
        reason="harmless",
    )
    appeal = appealed(asset, reporter)
    with pytest.raises(NotAllowed, match="of their own"):
        services.claim_case(case_id=appeal.answer_id, viewer=reporter)
    assert services.claim_next_case(viewer=reporter) is None


def test_what_rested_on_an_overturned_block_is_taken_back(engine: Engine) -> None:
    asset, case = stage.held(content="violencemaybe in a text that is long enough to be listed")
    services.decide_case(
        case_id=case.pk,
        action="block",
        viewer=stage.staff("reviewer"),
        reason="violent",
        list_hashes=True,
    )
    keys = list(HashEntry.objects.filter(source_case=case).values_list("pk", flat=True))
    assert len(keys) >= 2
    assert Strike.objects.get(asset=asset).voided_at is None
    appeal = appealed(asset, factories.viewer_of(asset.owner))
    answered(appeal, "release")
    assert not HashEntry.objects.filter(pk__in=keys).exists()
    assert all(stage.trail(key)[-1] == "hash.unlisted" for key in keys)
    assert Strike.objects.get(asset=asset).voided_at is not None
    again = stage.pending(content="violencemaybe in a text that is long enough to be listed")
    stage.consume(again)
    assert stage.visibility(again) == "held"


def test_an_upheld_block_gives_no_second_strike_and_keeps_its_list(engine: Engine) -> None:
    asset, case = stage.held(content="violencemaybe in a text that is long enough to be listed")
    services.decide_case(
        case_id=case.pk,
        action="block",
        viewer=stage.staff("reviewer"),
        reason="violent",
        list_hashes=True,
    )
    count = HashEntry.objects.count()
    answered(appealed(asset, factories.viewer_of(asset.owner)), "block")
    assert Strike.objects.filter(asset=asset).count() == 1
    assert HashEntry.objects.count() == count


def test_an_appeal_is_made_once_in_time_with_words_and_by_a_party(engine: Engine) -> None:
    asset, party, _ = by_person()
    for viewer, error in (
        (ANONYMOUS, NotAllowed),
        (factories.viewer_of(factories.make_user()), NotFound),
    ):
        with pytest.raises(error):
            appealed(asset, viewer)
    with pytest.raises(InvalidInput):
        appealed(asset, party, "  ")
    with pytest.raises(InvalidInput):
        appealed(asset, party, "x" * 2_001)
    first = appealed(asset, party)
    assert appealed(asset, party) == first
    with pytest.raises(Conflict, match="already"):
        appealed(asset, party, "other words")
    assert Appeal.objects.count() == 1


def test_nobody_appeals_too_late_or_against_what_nothing_was_decided(engine: Engine) -> None:
    asset, party, _ = by_person()
    days = configuration().appeal_days
    assert days >= 184
    Case.objects.update(decided_at=now() - timedelta(days=days, seconds=1))
    with pytest.raises(Conflict, match="is over"):
        appealed(asset, party)
    released, held = stage.pending(), stage.held()[0]
    stage.consume(released)
    for one in (released, held):
        with pytest.raises(Conflict, match="Nothing was decided"):
            appealed(one, factories.viewer_of(one.owner))
    reporter = factories.viewer_of(stage.established())
    with pytest.raises(Conflict, match="Nothing was decided"):
        appealed(released, reporter)


def test_an_appeal_against_the_gate_is_against_its_verdict(engine: Engine) -> None:
    asset, party, _ = by_gate()
    appeal = appealed(asset, party)
    assert (appeal.case, appeal.verdict) == (None, Verdict.objects.get(asset=asset))
    assert (appeal.answer.because, appeal.answer.hazards) == ("appeal", ["hate"])


def test_both_parties_appeal_in_turn_and_then_it_is_final(engine: Engine) -> None:
    asset, reporter, _ = by_report()
    overturned = answered(appealed(asset, reporter), "block")
    assert overturned.state == "overturned"
    author = factories.viewer_of(asset.owner)
    appeal = appealed(asset, author)
    overturned.answer.refresh_from_db()
    assert appeal.answer.not_by_id == overturned.answer.decided_by_id
    services.decide_case(
        case_id=appeal.answer_id,
        action="block",
        viewer=stage.staff("senior_reviewer", name="Sue"),
        reason="no",
    )
    with pytest.raises(Conflict, match="final"):
        appealed(asset, author, "and again")


def test_a_newer_decision_takes_the_place_of_the_one_before(engine: Engine) -> None:
    asset, reporter, _ = by_report()
    conduct.decided(conduct.reopened(asset), "release")
    with pytest.raises(Conflict, match="still stands"):
        appealed(asset, reporter)


@pytest.mark.django_db(transaction=True)
def test_the_same_appeal_sent_at_once_is_one(in_threads: Run) -> None:
    asset, party, _ = by_person()
    results = in_threads([partial(appealed, asset, party)] * 6)
    assert len({result.pk for result in results if isinstance(result, Appeal)}) == 1
    assert len(results) == 6
    assert Case.objects.filter(asset=asset, because="appeal").count() == 1


def test_reviewers_read_the_words_and_appellants_their_own(engine: Engine) -> None:
    asset, party, _ = by_person()
    appeal = appealed(asset, party, "Write to ada@example.org, she has the licence.")
    evidence = selectors.case_for(stage.staff("reviewer"), appeal.answer_id)
    assert evidence.appeals[0].party == "author"
    assert "ada@example.org" not in evidence.appeals[0].words
    assert list(selectors.own_appeals(party)) == [appeal]
    assert not selectors.own_appeals(factories.viewer_of(factories.make_user())).exists()
    with pytest.raises(NotAllowed):
        selectors.own_appeals(ANONYMOUS)


def test_ids_of_parties_are_not_told_to_reviewers(engine: Engine) -> None:
    asset, reporter, _ = by_report()
    appeal = appealed(asset, reporter)
    evidence = selectors.case_for(stage.staff("reviewer"), appeal.answer_id)
    assert isinstance(reporter.user_id, UUID)
    assert str(reporter.user_id) not in repr(evidence.appeals)
