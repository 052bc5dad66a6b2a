"""Claims and decisions."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.models import Case, HashEntry
from tests import factories
from tests.fakes.detectors import SUSPECT
from tests.integration.moderation import stage
from tidegate.accounts.services import appoint_staff
from tidegate.accounts.viewers import ANONYMOUS
from tidegate.assets.models import Asset
from tidegate.assets.services import withdraw_asset
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

Run = Callable[[list[Callable[[], object]]], list[object]]


@pytest.mark.parametrize(("outcome", "visibility"), [("release", "released"), ("block", "blocked")])
def test_a_decision_moves_the_asset_announces_and_is_recorded(
    engine: Engine, outcome: str, visibility: str
) -> None:
    asset, case = stage.held()
    reviewer = stage.staff("reviewer")
    decided = services.decide_case(
        case_id=case.pk, action=outcome, viewer=reviewer, reason=" It is a stage fight. "
    )
    assert (decided.state, decided.outcome) == ("decided", outcome)
    assert decided.reason == "It is a stage fight."
    assert decided.decided_by_id == reviewer.user_id
    assert stage.visibility(asset) == visibility
    explained = ["tidegate.statement.made.v1"] if outcome == "block" else []
    assert stage.announced(asset)[-2 - len(explained) :] == [
        "tidegate.asset.visibility-changed.v1",
        *explained,
        "tidegate.case.decided.v1",
    ]
    assert stage.trail(case.pk) == ["case.opened", "case.decided"]


def test_a_release_clears_the_reasons_and_a_block_tells_the_author(engine: Engine) -> None:
    (free, one), (shut, other) = stage.held(), stage.held(content="violencemaybe, elsewhere")
    reviewer = stage.staff("reviewer")
    services.decide_case(case_id=one.pk, action="release", viewer=reviewer, reason="fine")
    services.decide_case(case_id=other.pk, action="block", viewer=reviewer, reason="gore")
    assert Asset.objects.get(pk=free.pk).public_reasons == []
    assert Asset.objects.get(pk=shut.pk).public_reasons == [
        {"code": "violence", "title": "This may show or describe violence."}
    ]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2_001, "a\0b"])
def test_a_decision_without_a_usable_reason_is_refused(engine: Engine, reason: str) -> None:
    asset, case = stage.held()
    with pytest.raises(InvalidInput) as refused:
        services.decide_case(
            case_id=case.pk, action="release", viewer=stage.staff("reviewer"), reason=reason
        )
    assert refused.value.errors[0].pointer == "/reason"
    assert stage.visibility(asset) == "held"


def test_an_unknown_outcome_is_refused(engine: Engine) -> None:
    _, case = stage.held()
    with pytest.raises(InvalidInput):
        services.decide_case(
            case_id=case.pk, action="maybe", viewer=stage.staff("reviewer"), reason="because"
        )


@pytest.mark.parametrize("roles", [(), ("auditor",)])
def test_only_reviewers_decide(engine: Engine, roles: tuple[str, ...]) -> None:
    _, case = stage.held()
    viewer = stage.staff(*roles)
    with pytest.raises(NotAllowed):
        services.claim_case(case_id=case.pk, viewer=viewer)
    with pytest.raises(NotAllowed):
        services.release_claim(case_id=case.pk, viewer=viewer)
    with pytest.raises(NotAllowed):
        services.decide_case(case_id=case.pk, action="release", viewer=viewer, reason="because")


def test_nobody_in_particular_decides_nothing(engine: Engine) -> None:
    _, case = stage.held()
    with pytest.raises(NotAllowed):
        services.claim_case(case_id=case.pk, viewer=ANONYMOUS)


def test_a_reviewer_never_judges_their_own_asset(engine: Engine) -> None:
    reviewer = factories.make_user(staff=["reviewer"])
    asset, case = stage.held()
    Asset.objects.filter(pk=asset.pk).update(owner=reviewer)
    viewer = factories.viewer_of(reviewer)
    with pytest.raises(NotAllowed, match="made themselves"):
        services.claim_case(case_id=case.pk, viewer=viewer)
    with pytest.raises(NotAllowed, match="made themselves"):
        services.decide_case(case_id=case.pk, action="release", viewer=viewer, reason="mine")


def test_a_case_that_does_not_exist_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound):
        services.claim_case(case_id=new_id(), viewer=stage.staff("reviewer"))


def test_a_second_claim_is_refused_and_names_the_holder(engine: Engine) -> None:
    _, case = stage.held()
    services.claim_case(case_id=case.pk, viewer=stage.staff("reviewer", name="Rita"))
    other = stage.staff("senior_reviewer")
    with pytest.raises(Conflict) as refused:
        services.claim_case(case_id=case.pk, viewer=other)
    assert refused.value.code == "case_held"
    assert refused.value.extra["holder"] == "Rita"
    with pytest.raises(Conflict, match="Rita"):
        services.decide_case(case_id=case.pk, action="block", viewer=other, reason="no")


def test_a_claim_that_ran_out_can_be_taken_over(engine: Engine) -> None:
    _, case = stage.held()
    services.claim_case(case_id=case.pk, viewer=stage.staff("reviewer"))
    Case.objects.filter(pk=case.pk).update(lease_expires_at=now() - timedelta(seconds=1))
    other = stage.staff("reviewer", name="Omar")
    claimed = services.claim_case(case_id=case.pk, viewer=other)
    assert claimed.claimed_by_id == other.user_id


def test_renewing_a_claim_lengthens_it_and_is_recorded_once(engine: Engine) -> None:
    _, case = stage.held()
    viewer = stage.staff("reviewer")
    first = services.claim_case(case_id=case.pk, viewer=viewer).lease_expires_at
    second = services.claim_case(case_id=case.pk, viewer=viewer).lease_expires_at
    assert first is not None
    assert second is not None
    assert second > first
    assert stage.trail(case.pk) == ["case.opened", "case.claimed"]


def test_letting_go_opens_the_case_again_and_twice_is_once(engine: Engine) -> None:
    _, case = stage.held()
    viewer = stage.staff("reviewer")
    services.claim_case(case_id=case.pk, viewer=viewer)
    assert services.release_claim(case_id=case.pk, viewer=viewer).state == "open"
    assert services.release_claim(case_id=case.pk, viewer=viewer).state == "open"
    services.claim_case(case_id=case.pk, viewer=stage.staff("reviewer"))


def test_the_same_decision_again_changes_nothing_and_another_conflicts(engine: Engine) -> None:
    asset, case = stage.held()
    viewer = stage.staff("reviewer", name="Rita")
    services.decide_case(case_id=case.pk, action="block", viewer=viewer, reason="gore")
    events = stage.announced(asset)
    services.decide_case(case_id=case.pk, action="block", viewer=viewer, reason="gore")
    assert stage.announced(asset) == events
    with pytest.raises(Conflict) as refused:
        services.decide_case(case_id=case.pk, action="release", viewer=viewer, reason="fine")
    assert refused.value.code == "case_decided"
    with pytest.raises(Conflict, match="Rita"):
        services.decide_case(
            case_id=case.pk, action="block", viewer=stage.staff("reviewer"), reason="gore"
        )


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_one_decides_and_one_is_told(engine: Engine, in_threads: Run) -> None:
    asset, case = stage.held()
    one, other = stage.staff("reviewer"), stage.staff("reviewer")
    results = in_threads(
        [
            lambda: services.decide_case(
                case_id=case.pk, action="release", viewer=one, reason="fine"
            ),
            lambda: services.decide_case(
                case_id=case.pk, action="block", viewer=other, reason="gore"
            ),
        ]
    )
    assert sorted(type(result).__name__ for result in results) == ["Case", "Conflict"]
    outcome = Case.objects.get(pk=case.pk).outcome
    assert stage.visibility(asset) == {"release": "released", "block": "blocked"}[outcome]
    assert stage.announced(asset).count("tidegate.case.decided.v1") == 1


@pytest.mark.django_db(transaction=True)
def test_eight_reviewers_claim_at_once_and_one_gets_it(engine: Engine, in_threads: Run) -> None:
    _, case = stage.held()
    viewers = [stage.staff("reviewer") for _ in range(8)]
    results = in_threads(
        [partial(services.claim_case, case_id=case.pk, viewer=viewer) for viewer in viewers]
    )
    assert sum(isinstance(result, Case) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 7


def test_the_next_case_is_what_one_holds_then_the_most_severe_then_the_oldest(
    engine: Engine,
) -> None:
    mild = [stage.held(content=f"spammaybe {number}")[1] for number in range(2)]
    severe = stage.held(content="self_harmmaybe")[1]
    rita, otto = stage.staff("reviewer"), stage.staff("reviewer", name="Otto")
    claimed = [services.claim_next_case(viewer=one) for one in (rita, rita, otto)]
    assert claimed == [severe, severe, mild[0]]
    assert stage.trail(severe.pk) == ["case.opened", "case.claimed"]
    assert services.claim_next_case(viewer=rita, besides=[severe.pk]) == mild[1]
    assert services.claim_next_case(viewer=otto, besides=[mild[0].pk]) is None
    Case.objects.update(lease_expires_at=now() - timedelta(seconds=1))
    assert services.claim_next_case(viewer=otto) == severe


def test_the_next_case_is_of_the_kind_one_works_through_and_never_ones_own(
    engine: Engine,
) -> None:
    picture = stage.pending(modality="image", content=b"png" + SUSPECT)
    stage.consume(picture)
    asset, case = stage.held()
    viewer = stage.staff("reviewer")
    assert services.claim_next_case(viewer=viewer, modality="text") == case
    services.release_claim(case_id=case.pk, viewer=viewer)
    assert services.claim_next_case(viewer=viewer, because="report") is None
    appoint_staff(viewer=factories.SYSTEM, user_id=asset.owner_id, role="reviewer")
    owner = factories.viewer_of(asset.owner)
    assert services.claim_next_case(viewer=owner, modality="text") is None
    with pytest.raises(NotAllowed):
        services.claim_next_case(viewer=factories.viewer_of(picture.owner))


@pytest.mark.django_db(transaction=True)
def test_a_hundred_reviewers_ask_at_once_and_no_two_get_the_same_case(
    engine: Engine, in_threads: Run
) -> None:
    cases = {stage.held(content=f"violencemaybe {number}")[1].pk for number in range(100)}
    viewers = [stage.staff("reviewer", name=f"R{number}") for number in range(110)]
    results = in_threads([partial(services.claim_next_case, viewer=viewer) for viewer in viewers])
    assert not [result for result in results if isinstance(result, Exception)], results
    claimed = [result.pk for result in results if isinstance(result, Case)]
    assert sorted(claimed) == sorted(cases)
    assert results.count(None) == 10


def test_a_block_reaches_what_its_owner_has_withdrawn(engine: Engine) -> None:
    asset = stage.pending()
    stage.consume(asset)
    from moderation.app.handlers import on_interaction

    on_interaction(*stage.reported(asset, factories.make_user()))
    withdraw_asset(viewer=factories.viewer_of(asset.owner), asset_id=asset.pk)
    services.decide_case(
        case_id=stage.case_of(asset).pk,
        action="block",
        viewer=stage.staff("reviewer"),
        reason="a stolen picture",
    )
    assert stage.visibility(asset) == "blocked"


def test_a_block_can_list_the_output_and_the_same_output_is_then_blocked(engine: Engine) -> None:
    text = "A long and quite particular text with violencemaybe in the middle of it."
    _, case = stage.held(content=text)
    services.decide_case(
        case_id=case.pk,
        action="block",
        viewer=stage.staff("reviewer"),
        reason="gore",
        list_hashes=True,
    )
    kinds = set(HashEntry.objects.values_list("kind", flat=True))
    assert kinds == {"sha256", "text", "simhash"}
    again, shouted = stage.pending(content=text), stage.pending(content=text.upper())
    stage.consume(again)
    stage.consume(shouted)
    assert [stage.visibility(again), stage.visibility(shouted)] == ["blocked", "blocked"]


def test_a_decision_without_the_flag_lists_nothing(engine: Engine) -> None:
    _, case = stage.held()
    services.decide_case(
        case_id=case.pk, action="block", viewer=stage.staff("reviewer"), reason="gore"
    )
    assert not HashEntry.objects.exists()


def test_the_database_refuses_a_decision_without_decider_or_reason(engine: Engine) -> None:
    _, case = stage.held()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(state="decided", outcome="release", reason="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(state="vanished")


def test_the_database_refuses_a_second_undecided_case(engine: Engine) -> None:
    asset, case = stage.held()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(
            asset=asset, organisation_id=case.organisation_id, because="report", severity=1
        )
