"""Second looks, known answers and samples: drawn, given blindly, compared, and settled."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from moderation.app import configuration, selectors, services
from moderation.app.engine import Engine
from moderation.app.models import CallVerdict, Case, GoldenItem, PolicyVersion, SecondLook
from moderation.app.selectors.records import record_of
from moderation.app.services.second_looks import claim_golden, claim_second_look
from moderation.core.calibration import Suggestion, TooFew
from moderation.core.quality_rules import QualityRules, parse
from tests.integration.moderation import stage
from tests.integration.moderation.policies import shipped
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

Draw = Callable[..., None]
ALL = """
second_review: {base: 1, uncertainty: 0, record: 0, most: 1, record_days: 90}
automation: {releases: 1, blocks: 1, most_waiting: 100}
given: {second_reviews: 0, golden: 0, samples: 0, never_before: 80}
calibration: {precision: 0.5, least_labels: 4, least_of_each: 1, days: 90}
"""


@pytest.fixture(autouse=True)
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Everything is looked at again; the function that it gives says how often which is given."""
    from moderation.app.selectors import calibration, records
    from moderation.app.services import call_verdicts, next_work, sampling

    def obey(rules: QualityRules) -> None:
        for module in (calibration, records, call_verdicts, next_work, sampling):
            monkeypatch.setattr(module, "quality_rules", lambda: rules)

    def given(**chances: float) -> None:
        rules = parse(ALL)
        obey(rules.model_copy(update={"given": rules.given.model_copy(update=chances)}))

    given()
    return given


@pytest.fixture
def first() -> Viewer:
    return stage.staff("reviewer", name="Fanny")


@pytest.fixture
def second() -> Viewer:
    return stage.staff("reviewer", name="Sven")


def decide(case: Case, viewer: Viewer, action: str = "release", **given: Any) -> Case:
    given.setdefault("reason", "As the policy says.")
    return services.decide_case(case_id=case.pk, action=action, viewer=viewer, **given)


def answer(look: SecondLook, viewer: Viewer, action: str = "release", **given: Any) -> SecondLook:
    given.setdefault("reason", "As I see it.")
    return services.answer_second_look(look=look, viewer=viewer, action=action, **given)


def taken(viewer: Viewer) -> SecondLook:
    look = claim_second_look(viewer=viewer)
    assert look is not None
    return look


def settled(look: SecondLook) -> SecondLook:
    """Let the time to undo pass, and compare."""
    SecondLook.objects.filter(pk=look.pk).update(answered_at=now() - timedelta(minutes=1))
    services.settle_second_looks()
    return SecondLook.objects.get(pk=look.pk)


# --- drawn -------------------------------------------------------------------


def test_a_ruling_is_drawn_in_its_own_transaction_and_once(first: Viewer) -> None:
    _, case = stage.held()
    decide(case, first)
    decide(case, first)
    look = SecondLook.objects.get()
    assert (look.case, look.expected, look.first_by_id) == (case, "release", first.user_id)
    assert look.chance == 1.0
    # Nothing is known of who has never been looked at.
    assert look.doubt == 1.0
    assert 0.0 < look.uncertainty <= 1.0


def test_what_is_taken_back_leaves_nothing_to_look_at(first: Viewer, second: Viewer) -> None:
    _, case = stage.held()
    decide(case, first)
    services.undo_decision(decision_id=case.decisions.get().pk, viewer=first)
    assert claim_second_look(viewer=second) is None


def test_the_record_of_who_was_borne_out_counts(first: Viewer, second: Viewer) -> None:
    for number in range(3):
        _, case = stage.held(content=f"violencemaybe {number}")
        decide(case, first, "release")
        settled(answer(taken(second), second, "block" if number == 0 else "release"))
    assert first.user_id is not None
    assert (record_of(first.user_id).looked_at, record_of(first.user_id).agreed) == (3, 2)
    dispute = SecondLook.objects.get(answer="block")
    assert dispute.adjudication is not None
    decide(dispute.adjudication, stage.staff("senior_reviewer"), "release")
    assert record_of(first.user_id).agreed == 3


# --- given, blindly ----------------------------------------------------------


def test_nobody_is_given_their_own_ruling_or_their_own_output(
    first: Viewer, second: Viewer
) -> None:
    asset, case = stage.held()
    decide(case, first)
    Asset.objects.filter(pk=asset.pk).update(owner_id=second.user_id)
    assert claim_second_look(viewer=first) is None
    assert claim_second_look(viewer=second) is None
    with pytest.raises(IntegrityError, match="by_another"), transaction.atomic():
        SecondLook.objects.update(
            reviewer_id=first.user_id, state="claimed", lease_expires_at=now()
        )


def test_two_are_not_given_the_same_one_and_a_lease_runs_out(first: Viewer, second: Viewer) -> None:
    _, case = stage.held()
    decide(case, first)
    look = taken(second)
    third = stage.staff("reviewer")
    assert claim_second_look(viewer=third) is None
    SecondLook.objects.update(lease_expires_at=now() - timedelta(seconds=1))
    assert taken(third).pk == look.pk
    with pytest.raises(Conflict) as refused:
        answer(look, second)
    assert refused.value.code == "case_held"


def test_the_page_shows_nothing_of_what_was_decided(first: Viewer, second: Viewer) -> None:
    asset, case = stage.held()
    opened = selectors.case_for(second, case.pk)
    services.add_note(case_id=case.pk, viewer=first, words="before")
    decide(case, first, "block", reason="Blocked for a secret reason.")
    services.add_note(case_id=case.pk, viewer=first, words="after: it was blocked")
    look = taken(second)

    shown = selectors.second_look_for(second, look)

    assert shown.case.state == "claimed"
    assert (shown.case.outcome, shown.case.decided_by, shown.case.reason) == ("", "", "")
    assert shown.asset.visibility == "held"
    assert [move.after for move in shown.history] == [move.after for move in opened.history]
    assert shown.surfaces == opened.surfaces
    assert shown.refusal == ""
    assert "secret" not in repr(shown)
    notes = selectors.notes_of(second, shown.source_id, is_blind=True)
    assert [note.words for note in notes] == ["before"]
    owner = asset.owner_id
    assert selectors.standing_of(second, owner).points > 0
    blind = selectors.standing_of(second, owner, besides=shown.stands_for)
    assert (blind.points, blind.strikes, blind.restrictions) == (0, (), ())


def test_looking_is_a_look_at_the_case(first: Viewer, second: Viewer) -> None:
    _, case = stage.held()
    decide(case, first)
    look = taken(second)
    assert services.note_view(case_id=look.pk, viewer=second)
    assert "case.viewed" in stage.trail(case.pk)
    shown = services.reveal_case(case_id=look.pk, viewer=second, reason="I have to.")
    assert shown.stands_for == case.pk
    assert stage.trail(case.pk)[-1] == "case.revealed"


def test_what_is_answered_moves_nothing(first: Viewer, second: Viewer) -> None:
    asset, case = stage.held()
    decide(case, first, "release")
    before = stage.announced(asset)
    look = answer(taken(second), second, "block")
    assert (look.state, look.answer) == ("answered", "block")
    assert stage.visibility(asset) == "released"
    assert stage.announced(asset) == before
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"action": "maybe"}, "unknown_action"),
        ({"reason": " "}, "reason_missing"),
        ({"reason_code": "nonsense"}, "unknown_reason_code"),
        ({"action": "rate", "details": {}}, "detail_missing"),
    ],
)
def test_an_answer_is_checked_as_a_decision_is(
    given: dict[str, Any], code: str, first: Viewer, second: Viewer
) -> None:
    _, case = stage.held()
    decide(case, first)
    look = taken(second)
    with pytest.raises(InvalidInput) as refused:
        answer(look, second, **given)
    assert refused.value.code == code
    look.refresh_from_db()
    assert look.state == "claimed"


def test_an_answer_can_be_taken_back_for_as_long_as_a_decision(
    first: Viewer, second: Viewer
) -> None:
    _, case = stage.held()
    decide(case, first)
    look = answer(taken(second), second, "block")
    services.settle_second_looks()
    assert services.undo_second_look(look=look, viewer=second).state == "claimed"
    look = answer(look, second, "release")
    SecondLook.objects.update(answered_at=now() - timedelta(minutes=1))
    with pytest.raises(Conflict) as refused:
        services.undo_second_look(look=look, viewer=second)
    assert refused.value.code == "undo_too_late"


# --- compared ----------------------------------------------------------------


def test_agreement_settles_it(first: Viewer, second: Viewer) -> None:
    _, case = stage.held()
    decide(case, first, "block")
    look = settled(answer(taken(second), second, "remove", reason="Both take it away."))
    assert (look.state, look.adjudication) == ("settled", None)


def test_whoever_would_ask_others_says_nothing_about_the_first(
    first: Viewer, second: Viewer
) -> None:
    _, case = stage.held()
    decide(case, first, "block")
    look = settled(answer(taken(second), second, "second_level"))
    assert (look.answer, look.adjudication) == ("refer", None)
    assert first.user_id is not None
    assert record_of(first.user_id).looked_at == 0


def test_a_disagreement_is_decided_by_neither_of_the_two(first: Viewer, second: Viewer) -> None:
    asset, case = stage.held()
    decide(case, first, "release", reason="Harmless.")
    look = settled(answer(taken(second), second, "block", reason="It is not."))
    dispute = look.adjudication
    assert dispute is not None
    assert (dispute.because, dispute.desk, dispute.state) == ("disagreement", "senior", "open")
    assert stage.visibility(asset) == "released"
    for viewer in (first, second):
        promoted = replace(viewer, staff_roles=frozenset({"senior_reviewer"}))
        with pytest.raises(NotAllowed):
            decide(dispute, promoted, "block")
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=dispute.pk).update(decided_by_id=second.user_id)
    senior = stage.staff("senior_reviewer")
    said = selectors.opinions_on(senior, dispute.pk)
    assert [(one.name, one.answer, one.reason) for one in said] == [
        ("Fanny", "release", "Harmless."),
        ("Sven", "block", "It is not."),
    ]
    decide(dispute, senior, "block")
    assert stage.visibility(asset) == "blocked"
    # Settling again opens nothing again.
    assert settled(look).adjudication == dispute


def test_where_others_look_already_theirs_settles_it(first: Viewer, second: Viewer) -> None:
    asset, case = stage.held()
    decide(case, first, "release")
    look = answer(taken(second), second, "block")
    reporter = stage.established()
    services.record_report(
        asset_id=asset.pk,
        reporter_id=reporter.pk,
        interaction_id=new_id(),
        note="bad",
        hold_at=9,
        correlation_id=asset.correlation_id,
    )
    assert settled(look).adjudication == stage.case_of(asset)
    assert Case.objects.filter(because="disagreement").count() == 0


def test_a_ruling_that_is_taken_back_makes_its_look_void(first: Viewer, second: Viewer) -> None:
    _, case = stage.held()
    decide(case, first, "release")
    look = answer(taken(second), second, "block")
    services.reverse_decision(
        decision_id=case.decisions.get().pk,
        viewer=stage.staff("senior_reviewer"),
        reason="A mistake.",
    )
    assert (settled(look).state, Case.objects.filter(because="disagreement").count()) == ("void", 0)


# --- known answers -----------------------------------------------------------


@pytest.fixture
def golden(first: Viewer) -> GoldenItem:
    _, case = stage.held(content="violencemaybe, a known one")
    decide(case, first, "release")
    return services.make_golden(
        case_id=case.pk,
        viewer=stage.staff("senior_reviewer"),
        answer="block",
        explanation="It names a victim.",
    )


def test_a_known_answer_is_asked_once_and_explained_afterwards(
    golden: GoldenItem, second: Viewer
) -> None:
    look = claim_golden(viewer=second)
    assert look is not None
    assert selectors.second_look_for(second, look).case.outcome == ""
    assert selectors.own_answers(second) == ()
    settled(answer(look, second, "release"))
    (known,) = selectors.own_answers(second)
    assert (known.is_right, known.explanation) == (False, "It names a victim.")
    assert claim_golden(viewer=second) is None
    assert Case.objects.filter(because="disagreement").count() == 0


def test_whoever_knows_the_answer_is_not_asked(golden: GoldenItem, first: Viewer) -> None:
    assert claim_golden(viewer=first) is None
    maker = replace(first, user_id=golden.made_by_id)
    assert claim_golden(viewer=maker) is None


def test_one_that_was_passed_over_comes_back_to_the_same_person(
    golden: GoldenItem, second: Viewer
) -> None:
    look = claim_golden(viewer=second)
    assert look is not None
    services.release_second_look(look=look, viewer=second)
    assert claim_golden(viewer=second, besides=[look.pk]) is None
    again = claim_golden(viewer=second)
    assert again is not None
    assert again.pk == look.pk


def test_known_answers_are_made_and_retired_by_senior_staff(
    golden: GoldenItem, second: Viewer
) -> None:
    senior = stage.staff("senior_reviewer")
    with pytest.raises(NotAllowed):
        services.retire_golden(golden_id=golden.pk, viewer=second)
    services.retire_golden(golden_id=golden.pk, viewer=senior)
    services.retire_golden(golden_id=golden.pk, viewer=senior)
    assert claim_golden(viewer=second) is None
    again: dict[str, Any] = {"case_id": golden.case_id, "viewer": senior, "explanation": "Still."}
    with pytest.raises(Conflict) as refused:
        services.make_golden(answer="release", **again)
    assert refused.value.code == "golden_exists"
    assert services.make_golden(answer="block", **again).retired_at is None
    assert stage.trail(golden.case_id).count("golden.retired") == 1


def test_an_open_case_has_no_known_answer(second: Viewer) -> None:
    _, case = stage.held()
    with pytest.raises(Conflict) as refused:
        services.make_golden(
            case_id=case.pk,
            viewer=stage.staff("senior_reviewer"),
            answer="block",
            explanation="So it is.",
        )
    assert refused.value.code == "case_undecided"


# --- among the others --------------------------------------------------------


def test_second_looks_are_given_among_the_cases_that_wait(
    draw: Draw, first: Viewer, second: Viewer
) -> None:
    _, done = stage.held(content="violencemaybe, done")
    decide(done, first)
    _, waiting = stage.held(content="violencemaybe, waiting")
    look = SecondLook.objects.get()
    draw(second_reviews=1.0, never_before=100)
    assert services.claim_next_work(viewer=second) == look.pk
    # What is in hand comes again, as a claimed case does.
    assert services.claim_next_work(viewer=second) == look.pk
    draw(second_reviews=0.0)
    assert services.claim_next_work(viewer=second, besides=[look.pk]) == waiting.pk


def test_what_is_severe_or_late_comes_first(draw: Draw, first: Viewer, second: Viewer) -> None:
    _, done = stage.held(content="violencemaybe, done")
    decide(done, first)
    _, waiting = stage.held(content="violencemaybe, waiting")
    draw(second_reviews=1.0, never_before=waiting.severity)
    assert services.claim_next_work(viewer=second) == waiting.pk


def test_where_nothing_waits_second_looks_do(first: Viewer, second: Viewer) -> None:
    _, done = stage.held()
    decide(done, first)
    assert services.claim_next_work(viewer=first) is None
    assert services.claim_next_work(viewer=second) == SecondLook.objects.get().pk


def test_a_known_answer_is_given_among_them(draw: Draw, golden: GoldenItem, second: Viewer) -> None:
    draw(golden=1.0, never_before=100)
    given = services.claim_next_work(viewer=second)
    assert given is not None
    assert SecondLook.objects.filter(pk=given, golden=golden).exists()


# --- the checks --------------------------------------------------------------


def test_the_checks_own_decisions_are_drawn_and_decided_as_cases(second: Viewer) -> None:
    calm, bad = stage.pending(), stage.pending(content="some violencemark here")
    for asset in (calm, bad):
        stage.consume(asset)
    assert services.draw_gate() == 2
    assert services.draw_gate() == 0
    assert {stage.case_of(one).because for one in (calm, bad)} == {"sample"}
    assert [stage.visibility(one) for one in (calm, bad)] == ["released", "blocked"]
    decide(stage.case_of(calm), second, "block", reason="They missed it.")
    decide(stage.case_of(bad), second, "block", reason="Rightly.")
    assert stage.visibility(calm) == "blocked"
    figures = selectors.quality_figures(stage.staff("auditor"))
    shares = {one.verdict: one.otherwise for one in figures.automation}
    assert shares["release"] is not None
    assert shares["block"] is not None
    assert (shares["release"].value, shares["block"].value) == (1.0, 0.0)


def test_what_a_person_has_looked_at_is_not_drawn_again(second: Viewer) -> None:
    _, case = stage.held()
    decide(case, second)
    assert services.draw_gate() == 0


@pytest.mark.parametrize(
    ("action", "calls", "outcome"),
    [
        ("block", "", "tp"),
        ("release", "", "fp"),
        ("release", "right", "tp"),
        ("block", "wrong", "fp"),
        ("release", "unsure", "unsure"),
    ],
)
def test_a_ruling_says_of_every_call_whether_it_was_right(
    action: str, calls: str, outcome: str, second: Viewer
) -> None:
    asset, case = stage.held()
    decide(case, second, action, calls=calls)
    called = CallVerdict.objects.get(surface="text", detector="text_hazards", hazard="violence")
    assert called.outcome == outcome
    assert called.verdict_id == case.verdict_id
    assert called.reviewer_id == second.user_id
    assert called.score >= called.hold_at
    others = CallVerdict.objects.exclude(hazard="violence").values_list("outcome", flat=True)
    # A block says nothing of what it does not rest on.
    assert set(others) == ({"tn"} if action == "release" else set())
    assert Asset.objects.get(pk=asset.pk).text


def test_what_is_no_word_about_the_checks_is_refused(second: Viewer) -> None:
    _, case = stage.held()
    with pytest.raises(InvalidInput) as refused:
        decide(case, second, calls="perhaps")
    assert refused.value.code == "unknown_calls"


def test_a_decision_taken_back_labels_nothing(second: Viewer) -> None:
    _, case = stage.held()
    decide(case, second, "block")
    assert selectors.judged_calls(stage.staff("auditor"))
    services.undo_decision(decision_id=case.decisions.get().pk, viewer=second)
    assert selectors.judged_calls(stage.staff("auditor")) == ()


def test_a_threshold_is_proposed_from_labels_and_becomes_a_draft(
    engine: Engine, second: Viewer
) -> None:
    shipped(engine)
    place = selectors.Place("text", "text_hazards", "violence")
    for number in range(3):
        _, case = stage.held(content=f"violencemaybe {number}")
        decide(case, second, "block")
    seen = selectors.calls_at(stage.staff("auditor"), place)
    assert seen is not None
    assert seen.suggestion == TooFew(1, 0, 1)
    _, case = stage.held(content="violencemaybe and last")
    decide(case, second, "release")
    seen = selectors.calls_at(stage.staff("auditor"), place)
    assert seen is not None
    found = seen.suggestion
    assert isinstance(found, Suggestion)
    assert found.precision.value == 0.75
    assert found.per_day == 4.0

    admin = stage.staff("policy_admin")
    draft = services.propose_threshold(
        **place._asdict(), hold_at=0.9, viewer=admin, reason="People say so."
    )

    assert (draft.state, draft.proposed_by_id) == ("draft", admin.user_id)
    from moderation.app.in_force import policy_of
    from moderation.app.selectors.calibration import threshold_at

    changed = policy_of(draft.source)
    assert threshold_at(changed, place) == 0.9
    active = policy_of(PolicyVersion.objects.get(state="active").source)
    assert threshold_at(active, place) == seen.hold_at
    assert changed.surfaces["prompt"] == active.surfaces["prompt"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"hold_at": 0.0}, "threshold_invalid"),
        ({"hazard": "boredom"}, "threshold_unknown"),
        ({"surface": "smell"}, "threshold_unknown"),
        ({"hold_at": 0.99}, "threshold_invalid"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(
    engine: Engine, given: dict[str, Any], code: str
) -> None:
    shipped(engine)
    asked = {"surface": "text", "detector": "text_hazards", "hazard": "violence", "hold_at": 0.5}
    with pytest.raises(InvalidInput) as refused:
        services.propose_threshold(
            **{**asked, **given}, viewer=stage.staff("policy_admin"), reason="Why not."
        )
    assert refused.value.code == code


def test_only_policy_admins_propose_thresholds() -> None:
    with pytest.raises(NotAllowed):
        services.propose_threshold(
            surface="text",
            detector="text_hazards",
            hazard="violence",
            hold_at=0.5,
            viewer=stage.staff("senior_reviewer"),
            reason="Why not.",
        )


# --- the figures -------------------------------------------------------------


def test_the_figures_say_who_agrees_with_whom(first: Viewer, second: Viewer) -> None:
    for number, (one, other) in enumerate(
        [("release", "release"), ("block", "block"), ("release", "block"), ("block", "block")]
    ):
        _, case = stage.held(content=f"violencemaybe {number}")
        decide(case, first, one)
        settled(answer(taken(second), second, other))

    seen = selectors.quality_figures(stage.staff("auditor"))

    assert seen.overall is not None
    assert (seen.overall.count, seen.overall.observed) == (4, 0.75)
    assert seen.overall.kappa == pytest.approx(7 / 15)
    assert {one.name: one.agreement.kappa for one in seen.reviewers} == {
        "Fanny": pytest.approx(0.5),
        "Sven": pytest.approx(0.5),
    }
    assert [one.name for one in seen.hazards] == ["violence"]
    assert len(seen.policies) == 1
    assert (seen.disagreements.open, seen.waiting) == (1, 0)


def test_reviewers_see_their_own_record_alone(second: Viewer) -> None:
    with pytest.raises(NotAllowed):
        selectors.quality_figures(second)
    with pytest.raises(NotAllowed):
        selectors.judged_calls(second)
    assert selectors.own_answers(second) == ()


def test_the_rules_of_this_process_are_those_of_the_file() -> None:
    assert configuration.quality_rules().second_review.base == 0
