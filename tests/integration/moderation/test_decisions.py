"""What reviewers can do about a case: every action, its reason, and the second level."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from moderation.app import services
from moderation.app.models import Case, Decision, HashEntry, Letter, Restriction, Statement
from moderation.app.models import Strike as StrikeRow
from moderation.app.services.actions import ACTIONS
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.accounts.services import appoint_staff
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

Run = Callable[[list[Callable[[], object]]], list[object]]


def decide(case: Case, viewer: Viewer, action: str = "block", **given: Any) -> Case:
    given.setdefault("reason", "As the policy says.")
    return services.decide_case(case_id=case.pk, action=action, viewer=viewer, **given)


def decision(case: Case) -> Decision:
    return Decision.objects.filter(case=case).latest("created_at")


# --- the actions -------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "details", "visibility", "roles"),
    [
        ("release", {}, "released", ("reviewer",)),
        ("rate", {"rating": "mature"}, "released", ("reviewer",)),
        ("label", {"labels": ["graphic", "fiction"]}, "released", ("reviewer",)),
        ("block", {}, "blocked", ("reviewer",)),
        ("restrict_author", {"kind": "cooldown"}, "blocked", ("senior_reviewer",)),
    ],
)
def test_an_action_rules_and_is_kept_with_its_reason(
    action: str, details: dict[str, Any], visibility: str, roles: tuple[str, ...]
) -> None:
    asset, case = stage.held()
    reviewer = stage.staff(*roles)
    decided = decide(case, reviewer, action, details=details)
    assert (decided.state, decided.outcome) == ("decided", ACTIONS[action].ruling)
    assert stage.visibility(asset) == visibility
    kept = decision(case)
    assert (kept.action, kept.made_by_id, kept.was) == (action, reviewer.user_id, "held")
    assert kept.reason_code in {"violence", "other"}


def test_a_rating_and_labels_stand_on_the_output_and_are_announced() -> None:
    (one, first), (other, second) = stage.held(), stage.held(content="violencemaybe again")
    reviewer = stage.staff("reviewer")
    decide(first, reviewer, "rate", details={"rating": "teen"}, reason_code="art")
    decide(second, reviewer, "label", details={"labels": ["satire", "graphic"]})
    assert Asset.objects.get(pk=one.pk).rating == "teen"
    # In the order of the house rules, whatever was sent.
    assert Asset.objects.get(pk=other.pk).labels == ["graphic", "satire"]
    for asset in (one, other):
        assert "tidegate.asset.marked.v1" in stage.announced(asset)
        assert stage.trail(asset.pk).count("asset.marked") == 1


def test_restricting_an_author_restricts_them_and_tells_them_no_word_of_the_reviewers() -> None:
    asset, case = stage.held()
    senior = stage.staff("senior_reviewer")
    decide(
        case,
        senior,
        "restrict_author",
        reason="he annoys me",
        details={"kind": "no_public", "hours": 48},
    )
    restriction = Restriction.objects.get(author_id=asset.owner_id, kind="no_public")
    assert restriction.imposed_by_id == senior.user_id
    assert restriction.until is not None
    assert timedelta(hours=47) < restriction.until - now() <= timedelta(hours=48)
    assert decision(case).restriction == restriction
    letters = Letter.objects.filter(recipient_id=asset.owner_id)
    assert letters.count() == 2
    assert not any("annoys" in letter.body for letter in letters)


def test_a_restriction_that_is_in_force_already_is_said_and_nothing_happens() -> None:
    asset, case = stage.held()
    senior = stage.staff("senior_reviewer")
    services.impose_restriction(
        viewer=senior, author_id=asset.owner_id, kind="cooldown", reason="before"
    )
    with pytest.raises(Conflict) as refused:
        decide(case, senior, "restrict_author", details={"kind": "cooldown"})
    assert refused.value.code == "restriction_in_force"
    assert stage.visibility(asset) == "held"
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("action", "given", "pointer"),
    [
        ("maybe", {}, "/action"),
        ("rate", {}, "/details/rating"),
        ("rate", {"details": {"rating": "nobody"}}, "/details/rating"),
        ("rate", {"details": {"rating": "teen", "labels": []}}, "/details/labels"),
        ("label", {"details": {"labels": []}}, "/details/labels"),
        ("label", {"details": {"labels": ["fiction", "nice"]}}, "/details/labels/1"),
        ("restrict_author", {"details": {}}, "/details/kind"),
        ("restrict_author", {"details": {"kind": "cooldown", "hours": 0}}, "/details/hours"),
        ("restrict_author", {"details": {"kind": "cooldown", "hours": "2"}}, "/details/hours"),
        ("block", {"details": {"rating": "teen"}}, "/details/rating"),
        ("block", {"reason_code": "no_such"}, "/reason_code"),
        ("block", {"reason_code": "harmless"}, "/reason_code"),
        ("release", {"reason_code": "violence"}, "/reason_code"),
        ("block", {"reason_code": "copyright"}, "/details/work"),
        ("block", {"reason_code": "copyright", "details": {"work": " "}}, "/details/work"),
        ("block", {"reason_code": "copyright", "details": {"work": "x" * 301}}, "/details/work"),
    ],
)
def test_what_an_action_or_a_reason_needs_is_asked_for(
    action: str, given: dict[str, Any], pointer: str
) -> None:
    asset, case = stage.held()
    with pytest.raises(InvalidInput) as refused:
        decide(case, stage.staff("senior_reviewer"), action, **given)
    assert pointer in [error.pointer for error in refused.value.errors]
    assert stage.visibility(asset) == "held"
    assert not Decision.objects.exists()


def test_a_reason_needs_all_its_fields_and_names_each_that_is_missing() -> None:
    _, case = stage.held()
    with pytest.raises(InvalidInput) as refused:
        decide(case, stage.staff("reviewer"), reason_code="court_order")
    assert [error.pointer for error in refused.value.errors] == [
        "/details/court",
        "/details/reference",
    ]


def test_the_reason_that_was_chosen_is_what_follows_rest_on() -> None:
    asset, case = stage.held()
    decide(case, stage.staff("reviewer"), reason_code="hate", list_hashes=True)
    case.refresh_from_db()
    assert (case.hazards, case.grounds) == (["violence"], ["hate"])
    assert StrikeRow.objects.get(asset=asset).hazard == "hate"
    assert Statement.objects.get(asset=asset).hazards == ["hate"]
    assert Asset.objects.get(pk=asset.pk).public_reasons[0]["code"] == "hate"
    assert set(HashEntry.objects.values_list("hazard", flat=True)) == {"hate"}


def test_an_order_of_a_court_is_the_legal_ground_of_the_statement() -> None:
    asset, case = stage.held()
    details = {"court": "Amtsgericht Hamburg", "reference": "324 O 1/26"}
    decide(case, stage.staff("reviewer"), reason_code="court_order", details=details)
    dsa = Statement.objects.get(asset=asset).dsa
    assert dsa["decision_ground"] == "DECISION_GROUND_ILLEGAL_CONTENT"
    assert "324 O 1/26" in dsa["illegal_content_explanation"]
    assert decision(case).details == details


def test_only_some_roles_may_restrict() -> None:
    _, case = stage.held()
    with pytest.raises(NotAllowed) as refused:
        decide(case, stage.staff("reviewer"), "restrict_author", details={"kind": "cooldown"})
    assert refused.value.code == "action_not_allowed"


def test_every_action_declares_what_it_is() -> None:
    for name, action in ACTIONS.items():
        assert (action.name, type(action).__doc__ is not None) == (name, True)
        assert action.targets
        assert action.sends
        assert action.may
        assert (action.ruling is None) == bool(action.desk)


# --- duplicates --------------------------------------------------------------


def test_a_block_holds_what_is_the_same_and_a_release_gives_it_back() -> None:
    asset, case = stage.held()
    twin = factories.make_asset(text="some violencemaybe here")
    other = factories.make_asset(text="something else")
    decide(case, stage.staff("reviewer"))
    assert stage.visibility(twin) == "held"
    assert stage.visibility(other) == "released"
    assert stage.case_of(twin).because == "duplicate"
    assert Statement.objects.filter(asset=twin, measure="held", ended_at=None).exists()
    conduct.decided(conduct.reopened(asset), "release")
    assert stage.visibility(twin) == "released"


# --- the second level --------------------------------------------------------


def test_removing_waits_for_another_senior_person_and_lists_what_was_removed() -> None:
    asset, case = stage.held()
    first, second = stage.staff("reviewer"), stage.staff("senior_reviewer", name="Sol")
    waiting = decide(case, first, "remove")
    assert (waiting.state, waiting.desk) == ("open", "senior")
    assert stage.visibility(asset) == "held"
    proposal = decision(case)
    assert (proposal.is_proposal, proposal.why_two) == (True, "action")
    assert stage.trail(case.pk)[-1] == "decision.proposed"
    decided = decide(case, second, "remove")
    assert (decided.state, stage.visibility(asset)) == ("decided", "blocked")
    assert decision(case).answers == proposal
    assert HashEntry.objects.exists()


def test_whoever_proposed_cannot_agree_and_proposing_twice_is_once() -> None:
    _, case = stage.held()
    senior = stage.staff("senior_reviewer")
    decide(case, senior, "remove")
    decide(case, senior, "remove")
    assert Decision.objects.count() == 1
    with pytest.raises(NotAllowed) as refused:
        decide(case, senior, "block")
    assert refused.value.code == "own_proposal"
    with pytest.raises(IntegrityError, match="second_level_is_somebody_else"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(decided_by_id=senior.user_id)


def test_a_senior_person_may_decide_otherwise() -> None:
    asset, case = stage.held()
    decide(case, stage.staff("reviewer"), "remove")
    decide(case, stage.staff("senior_reviewer"), "release")
    assert stage.visibility(asset) == "released"


def test_another_grave_decision_is_a_proposal_of_its_own() -> None:
    asset, case = stage.held()
    one, two = stage.staff("senior_reviewer"), stage.staff("senior_reviewer", name="Sol")
    decide(case, one, "remove")
    decide(case, two, "restrict_author", details={"kind": "suspended"})
    assert stage.visibility(asset) == "held"
    decide(case, one, "restrict_author", details={"kind": "suspended"})
    assert stage.visibility(asset) == "blocked"
    assert Restriction.objects.get(author_id=asset.owner_id).kind == "suspended"


def test_a_block_that_reaches_many_others_needs_two() -> None:
    asset, case = stage.held()
    for _ in range(25):
        factories.make_asset(parent=asset)
    decide(case, stage.staff("reviewer"))
    assert (stage.visibility(asset), decision(case).why_two) == ("held", "descendants")


def test_what_staff_made_needs_two() -> None:
    asset, case = stage.held()
    appoint_staff(user_id=asset.owner_id, role="reviewer", viewer=stage.staff("policy_admin"))
    decide(case, stage.staff("reviewer"))
    assert (stage.visibility(asset), decision(case).why_two) == ("held", "staff_author")


@pytest.mark.parametrize(
    ("action", "desk", "allowed", "refused"),
    [
        ("second_level", "senior", "senior_reviewer", "legal_counsel"),
        ("refer_to_legal", "legal", "legal_counsel", "senior_reviewer"),
    ],
)
def test_a_case_goes_to_another_desk_where_others_decide(
    action: str, desk: str, allowed: str, refused: str
) -> None:
    asset = factories.make_asset()
    case = stage_report(asset)
    asking = stage.staff("reviewer")
    given = decide(case, asking, action)
    assert decide(case, asking, action) == given
    assert (given.state, given.desk, stage.visibility(asset)) == ("open", desk, "held")
    assert Statement.objects.get(asset=asset).measure == "held"
    assert stage.announced(asset).count("tidegate.case.referred.v1") == 1
    for viewer in (stage.staff(refused, name="No"), stage.staff("reviewer", name="Nobody")):
        with pytest.raises(NotAllowed) as wrong:
            services.claim_case(case_id=case.pk, viewer=viewer)
        assert wrong.value.code == "other_desk"
        assert services.claim_next_case(viewer=viewer) is None
    somebody = stage.staff(allowed, name="Sol")
    taken = services.claim_next_case(viewer=somebody)
    assert taken is not None
    assert taken.pk == case.pk
    decide(case, somebody, "release")
    assert stage.visibility(asset) == "released"


def stage_report(asset: Asset) -> Case:
    services.record_report(
        asset_id=asset.pk,
        reporter_id=stage.established().pk,
        interaction_id=new_id(),
        note="it is wrong",
        hold_at=3,
        correlation_id=asset.correlation_id,
    )
    return stage.case_of(asset)
