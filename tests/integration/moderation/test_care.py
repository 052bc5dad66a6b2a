"""What reviewers choose for themselves is kept, counts everywhere, and stays within the floor."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from moderation.app import selectors, services
from moderation.app.care_choices import HazardChoice, MannerChoice
from moderation.app.handlers import on_interaction
from moderation.app.models import CareRules, Case, ReviewerCare
from moderation.core.care import Blur, Manner
from tests import factories
from tests.integration.moderation import caring, stage
from tidegate.audit.models import Entry
from tidegate.primitives.errors import InvalidInput, NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

Run = Callable[[list[Callable[[], object]]], list[object]]


def test_a_choice_is_kept_as_one_row_and_each_change_is_in_the_trail() -> None:
    viewer = stage.staff("reviewer")
    assert selectors.care_for(viewer).manner == Manner()
    caring.choose(viewer, blur="light", is_grey=False, opted_out=["spam"])
    caring.choose(viewer, blur="light", is_grey=False, opted_out=["spam"])
    caring.choose(viewer, by_hazard={"hate": HazardChoice("none"), "spam": HazardChoice()})
    row = ReviewerCare.objects.get()
    assert (row.blur, row.is_grey, row.opted_out) == ("", None, [])
    assert row.by_hazard == {"hate": {"blur": "none"}}
    changes = list(Entry.objects.filter(action="care.changed").order_by("seq"))
    assert [one.document()["after"]["opted_out"] for one in changes] == [["spam"], []]
    assert changes[1].before == changes[0].after
    assert {one.subject_id for one in changes} == {str(viewer.user_id)}


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"blur": "heavy"}, "/blur", "unknown_blur"),
        ({"blur": "x" * 5_000}, "/blur", "unknown_blur"),
        ({"by_hazard": {"violence": HazardChoice("\0")}}, "/by_hazard/violence/blur", None),
        ({"by_hazard": {"a/b": HazardChoice("none")}}, "/by_hazard", "unknown_hazard"),
        ({"last": ["violence", "violence"]}, "/last", "named_twice"),
        ({"last": ["Violence"]}, "/last", "unknown_hazard"),
        ({"opted_out": ["' OR 1=1"]}, "/opted_out", "unknown_hazard"),
        ({"opted_out": [""]}, "/opted_out", "unknown_hazard"),
        ({"is_muted": False}, "/is_muted", "below_floor"),
        ({"blur": "none"}, "/blur", "below_floor"),
        ({"by_hazard": {"spam": HazardChoice("none")}}, "/by_hazard/spam/blur", "below_floor"),
        (
            {"by_hazard": {"spam": HazardChoice(is_grey=False)}},
            "/by_hazard/spam/is_grey",
            "below_floor",
        ),
    ],
)
def test_nonsense_and_less_than_the_floor_are_refused_by_name_and_keep_nothing(
    given: dict[str, Any], pointer: str, code: str | None
) -> None:
    caring.lay_down(floor=MannerChoice("light", True, True, False))
    viewer = stage.staff("reviewer")
    with pytest.raises(InvalidInput) as refused:
        caring.choose(viewer, **given)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [
        (pointer, code or "unknown_blur")
    ]
    assert not ReviewerCare.objects.exists()


def test_a_floor_that_rises_lifts_what_was_chosen_before() -> None:
    viewer = stage.staff("reviewer")
    caring.choose(viewer, blur="none", is_grey=False, is_muted=False, has_stills=False)
    assert selectors.care_for(viewer).manner_for(["hate"]).blur == Blur.NONE
    caring.lay_down(floor=MannerChoice("light", True, True, True))
    assert selectors.care_for(viewer).manner_for(["hate"]) == Manner(Blur.LIGHT)
    entry = Entry.objects.get(action="care_rules.changed")
    assert (entry.before, entry.reason) == (None, "We agreed on it.")
    assert entry.document()["after"]["floor_blur"] == "light"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"work_minutes": -1}, "/work_minutes"),
        ({"work_minutes": 1_441}, "/work_minutes"),
        ({"exposures": 10_001}, "/exposures"),
        ({"break_minutes": 0}, "/break_minutes"),
        ({"last": ["gore"]}, "/last"),
        ({"floor": MannerChoice("", True, True, True)}, "/floor/blur"),
        ({"defaults": MannerChoice("none", True, True, True)}, "/defaults/blur"),
    ],
)
def test_rules_that_cannot_be_are_refused(given: dict[str, Any], pointer: str) -> None:
    given = {"floor": MannerChoice("light", True, True, True), **given}
    with pytest.raises(InvalidInput) as refused:
        caring.lay_down(**given)
    assert [one.pointer for one in refused.value.errors] == [pointer]
    assert not CareRules.objects.exists()


def test_rules_need_a_reason_and_the_same_again_changes_nothing() -> None:
    lead = stage.staff("policy_admin")
    with pytest.raises(InvalidInput, match="Say why"):
        services.set_care_rules(viewer=lead, choice=caring.USUAL, reason=" ")
    for _ in range(2):
        services.set_care_rules(viewer=lead, choice=caring.USUAL, reason="So.")
    assert Entry.objects.filter(action="care_rules.changed").count() == 1


@pytest.mark.parametrize("roles", [(), ("reviewer",), ("senior_reviewer",), ("auditor",)])
def test_only_policy_admins_set_what_holds_for_everybody(roles: tuple[str, ...]) -> None:
    with pytest.raises(NotAllowed):
        services.set_care_rules(viewer=stage.staff(*roles), choice=caring.USUAL, reason="So.")


def test_nobody_chooses_who_is_no_review_staff_or_no_person() -> None:
    with pytest.raises(NotAllowed):
        caring.choose(stage.staff())
    reviewer = factories.make_user(staff=["reviewer"])
    organisation = factories.make_organisation(reviewer)
    key, _ = factories.make_key(organisation, creator=reviewer, scopes=["cases:read"])
    with pytest.raises(NotAllowed) as refused:
        caring.choose(factories.viewer_of(key))
    assert refused.value.code == "person_only"


@pytest.mark.parametrize(
    ("chosen", "hazards", "is_kept"),
    [
        ([], ["violence"], False),
        (["violence"], ["violence"], True),
        (["violence"], ["violent_crime"], True),
        (["violence"], ["hate", "violence"], True),
        (["violent_crime"], ["violence"], False),
        (["violence", "spam"], ["spam"], True),
        (["violence"], ["hate"], False),
        (["violence"], [], False),
        (["violence"], ["violence_of_tomorrow"], False),
    ],
)
def test_what_somebody_opted_out_of_reaches_them_on_no_way(
    *, chosen: list[str], hazards: list[str], is_kept: bool
) -> None:
    case = caring.case_about(*hazards)
    viewer = caring.opted_out(*chosen)
    expected = [] if is_kept else [case.pk]
    for state in ("open", "undecided"):
        assert [one.id for one in selectors.queue(viewer, state=state).cases] == expected
    counts = selectors.queue_counts(viewer)
    assert (counts.open, counts.kept) == ((0, 1) if is_kept else (1, 0))
    refusal = "hazard_opted_out" if is_kept else ""
    assert selectors.case_for(viewer, case.pk).refusal == refusal
    ways: list[Callable[[], object]] = [
        partial(services.claim_case, case_id=case.pk, viewer=viewer),
        partial(
            services.decide_case, case_id=case.pk, action="release", viewer=viewer, reason="So."
        ),
    ]
    for way in ways if is_kept else []:
        with pytest.raises(NotAllowed) as refused:
            way()
        assert refused.value.code == "hazard_opted_out"
        assert set(refused.value.extra["hazards"]) & set(hazards)
    assert services.claim_next_case(viewer=viewer) == (None if is_kept else case)
    assert services.claim_next_case(viewer=stage.staff("reviewer")) == (case if is_kept else None)


def test_a_report_says_as_well_what_a_case_is_about() -> None:
    asset = stage.pending()
    stage.consume(asset)
    event, envelope = stage.reported(asset, stage.established())
    on_interaction(replace(event, reason="self_harm"), envelope)
    viewer = caring.opted_out("self_harm")
    assert not selectors.queue(viewer).cases
    assert services.claim_next_case(viewer=viewer) is None
    assert services.claim_next_case(viewer=stage.staff("reviewer")) == stage.case_of(asset)


def test_opting_out_gives_back_what_one_holds_of_it_and_only_that() -> None:
    gore, hate = caring.case_about("violent_crime"), caring.case_about("hate")
    viewer = stage.staff("reviewer")
    for case in (gore, hate):
        services.claim_case(case_id=case.pk, viewer=viewer)
    caring.choose(viewer, opted_out=["violence"])
    assert dict(Case.objects.values_list("pk", "state")) == {gore.pk: "open", hate.pk: "claimed"}
    assert stage.trail(gore.pk)[-1] == "case.claim_released"
    assert services.claim_next_case(viewer=viewer) == hate


def test_what_turns_out_to_be_about_it_while_one_holds_it_may_be_finished() -> None:
    case = caring.case_about("hate")
    viewer = caring.opted_out("violence")
    services.claim_case(case_id=case.pk, viewer=viewer)
    Case.objects.filter(pk=case.pk).update(hazards=["hate", "violence"])
    assert selectors.case_for(viewer, case.pk).refusal == ""
    services.claim_case(case_id=case.pk, viewer=viewer)
    decided = services.decide_case(
        case_id=case.pk, action="block", viewer=viewer, reason="It is both."
    )
    assert decided.state == "decided"


@pytest.mark.parametrize(
    ("last", "order"),
    [
        (None, ["hate", "dangerous", "violence", "violent_crime"]),
        ([], ["violence", "hate", "violent_crime", "dangerous"]),
        (["hate"], ["violence", "violent_crime", "dangerous", "hate"]),
        (["violence", "hate"], ["dangerous", "violence", "violent_crime", "hate"]),
        (["violent_crime", "hate"], ["violence", "dangerous", "violent_crime", "hate"]),
    ],
)
def test_what_one_wants_last_comes_last_among_cases_as_severe(
    last: list[str] | None, order: list[str]
) -> None:
    hazards = ("violence", "hate", "violent_crime", "dangerous")
    cases = {hazard: caring.case_about(hazard) for hazard in hazards}
    gravest = caring.case_about("violence", severity=100)
    viewer = stage.staff("reviewer")
    caring.choose(viewer, last=last)
    expected = [gravest.pk, *(cases[hazard].pk for hazard in order)]
    assert [one.id for one in selectors.queue(viewer).cases] == expected
    pages, cursor = [], None
    while True:
        page = selectors.queue(viewer, limit=1, cursor=cursor)
        pages += [one.id for one in page.cases]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == expected
    passed: list[Any] = []
    while (case := services.claim_next_case(viewer=viewer, besides=passed)) is not None:
        passed.append(case.pk)
    assert passed == expected


def test_a_lead_learns_what_nobody_is_left_for_but_not_who_chose_what() -> None:
    lead = stage.staff("senior_reviewer", name="Lea")
    caring.choose(lead, opted_out=["violence", "spam"])
    assert selectors.hazards_without_reviewers(lead) == ("violent_crime", "violence", "spam")
    caring.opted_out("violence")
    assert selectors.hazards_without_reviewers(lead) == ("violent_crime", "violence")
    stage.staff("reviewer")
    assert selectors.hazards_without_reviewers(lead) == ()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_turn", range(3))
def test_who_opts_out_and_claims_at_once_never_holds_it_afterwards(
    in_threads: Run, _turn: int
) -> None:
    cases = [caring.case_about("violence") for _ in range(2)]
    viewer = stage.staff("reviewer")
    results = in_threads(
        [
            partial(caring.choose, viewer, opted_out=["violence"]),
            partial(services.claim_next_case, viewer=viewer),
            partial(services.claim_case, case_id=cases[1].pk, viewer=viewer),
        ]
    )
    problems = [one for one in results if isinstance(one, Exception)]
    assert all(getattr(one, "code", "") == "hazard_opted_out" for one in problems), results
    assert not Case.objects.filter(claimed_by_id=viewer.user_id).exists()
    assert ReviewerCare.objects.get().opted_out == ["violence"]


@pytest.mark.django_db(transaction=True)
def test_of_two_tabs_that_ask_at_once_one_reviewer_gets_one_case(in_threads: Run) -> None:
    for _ in range(2):
        caring.case_about("violence")
    viewer = stage.staff("reviewer")
    results = in_threads([partial(services.claim_next_case, viewer=viewer) for _ in range(2)])
    assert not [one for one in results if isinstance(one, Exception)], results
    assert ReviewerCare.objects.count() == 1
