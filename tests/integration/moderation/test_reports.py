"""People say that something should not be there."""

from dataclasses import replace

import pytest

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.handlers import on_interaction
from moderation.app.models import Case, Report, Strike
from tests import factories
from tests.integration.moderation import stage
from tidegate.assets.models import Asset
from tidegate.contracts.interactions import InteractionRecorded
from tidegate.events.errors import CannotHeal
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def released(engine: Engine) -> Asset:
    asset = stage.pending()
    stage.consume(asset)
    return asset


def test_one_report_opens_a_case_and_the_asset_stays(released: Asset) -> None:
    on_interaction(*stage.reported(released, stage.established(), "it is my face"))
    case = stage.case_of(released)
    assert (case.because, case.report_count, case.state) == ("report", 1, "open")
    assert stage.visibility(released) == "released"
    assert Report.objects.get().note == "it is my face"


def test_the_third_person_holds_it_and_raises_the_case(released: Asset) -> None:
    severities = []
    for _ in range(3):
        on_interaction(*stage.reported(released, stage.established()))
        severities.append(stage.case_of(released).severity)
    assert stage.visibility(released) == "held"
    assert severities == sorted(set(severities))
    codes = [reason["code"] for reason in Asset.objects.get(pk=released.pk).public_reasons]
    assert codes == ["reported"]


def test_the_same_person_and_the_owner_do_not_add_up(released: Asset) -> None:
    person = stage.established()
    for reporter in (person, person, person, released.owner):
        on_interaction(*stage.reported(released, reporter))
    assert stage.case_of(released).report_count == 1
    assert stage.visibility(released) == "released"


def test_the_same_event_again_counts_once(released: Asset) -> None:
    event, envelope = stage.reported(released, stage.established())
    on_interaction(event, envelope)
    on_interaction(event, envelope)
    assert Report.objects.count() == 1


def test_a_report_after_a_decision_opens_a_new_case_that_names_the_old(released: Asset) -> None:
    on_interaction(*stage.reported(released, stage.established()))
    first = stage.case_of(released)
    services.decide_case(
        case_id=first.pk, action="release", viewer=stage.staff("reviewer"), reason="harmless"
    )
    on_interaction(*stage.reported(released, stage.established()))
    second = stage.case_of(released)
    assert second.pk != first.pk
    assert second.previous_id == first.pk
    assert second.report_count == 1


def test_a_decided_block_of_a_visible_asset_goes_through_held(released: Asset) -> None:
    on_interaction(*stage.reported(released, stage.established()))
    services.decide_case(
        case_id=stage.case_of(released).pk,
        action="block",
        viewer=stage.staff("reviewer"),
        reason="it is not theirs",
    )
    assert stage.visibility(released) == "blocked"


def test_a_report_of_what_cannot_be_seen_opens_nothing(engine: Engine) -> None:
    asset = factories.make_asset(visibility="blocked")
    on_interaction(*stage.reported(asset, stage.established()))
    assert not Case.objects.exists()


def test_a_report_of_no_asset_can_never_be_handled(engine: Engine, released: Asset) -> None:
    _, envelope = stage.reported(released, released.owner)
    forged = InteractionRecorded(
        interaction_id=new_id(),
        viewer_id=released.owner_id,
        asset_id=new_id(),
        kind="report",
        note="",
    )
    with pytest.raises(CannotHeal):
        on_interaction(forged, envelope)


@pytest.mark.parametrize("kind", ["view", "play", "like", "unlike", "hide"])
def test_other_interactions_are_none_of_the_gates_business(released: Asset, kind: str) -> None:
    event, envelope = stage.reported(released, stage.established())
    other = InteractionRecorded(
        interaction_id=event.interaction_id,
        viewer_id=event.viewer_id,
        asset_id=event.asset_id,
        kind=kind,  # type: ignore[arg-type]  # the table lists the literal's values
        note="",
    )
    on_interaction(other, envelope)
    assert not Case.objects.exists()


def _decide(case: Case, outcome: str) -> None:
    services.decide_case(
        case_id=case.pk, action=outcome, viewer=stage.staff("reviewer"), reason="looked at"
    )


def test_a_burst_of_new_accounts_holds_nothing(released: Asset) -> None:
    for _ in range(12):
        on_interaction(*stage.reported(released, factories.make_user()))
    case = stage.case_of(released)
    assert (case.report_count, stage.visibility(released)) == (12, "released")
    assert case.report_weight < 1.0


def test_an_organisation_counts_less_than_two_people(released: Asset) -> None:
    organisation = factories.make_organisation(stage.established())
    for _ in range(6):
        member = factories.make_member(organisation, user=stage.established())
        on_interaction(*stage.reported(released, member))
    assert 1.9 < stage.case_of(released).report_weight < 2.0
    assert stage.visibility(released) == "released"


@pytest.mark.parametrize(("outcome", "written"), [("block", "upheld"), ("release", "rejected")])
def test_a_ruling_writes_what_became_of_the_reports(
    released: Asset, outcome: str, written: str
) -> None:
    on_interaction(*stage.reported(released, stage.established()))
    _decide(stage.case_of(released), outcome)
    assert Report.objects.get().outcome == written


def test_who_was_often_wrong_counts_less_and_who_was_right_more(engine: Engine) -> None:
    crier, expert = stage.established(), stage.established()
    for _ in range(3):
        for person, outcome in ((crier, "release"), (expert, "block")):
            asset = factories.make_asset()
            on_interaction(*stage.reported(asset, person))
            _decide(stage.case_of(asset), outcome)
    weights = []
    for person in (crier, expert):
        asset = factories.make_asset()
        on_interaction(*stage.reported(asset, person))
        weights.append(stage.case_of(asset).report_weight)
    assert weights == pytest.approx([4 / 7, 10 / 7])


def test_one_report_of_what_is_named_holds_at_once_and_stands_high(released: Asset) -> None:
    event, envelope = stage.reported(released, stage.established())
    on_interaction(replace(event, reason="child_safety"), envelope)
    assert stage.visibility(released) == "held"
    assert stage.case_of(released).severity == 100
    _decide(stage.case_of(released), "block")
    assert Strike.objects.get().hazard == "child_safety"


def test_neither_a_liar_nor_the_owner_holds_at_once(released: Asset) -> None:
    liar = stage.established()
    for _ in range(5):
        asset = factories.make_asset()
        on_interaction(*stage.reported(asset, liar))
        _decide(stage.case_of(asset), "release")
    for person in (liar, released.owner):
        event, envelope = stage.reported(released, person)
        on_interaction(replace(event, reason="child_safety"), envelope)
    assert stage.visibility(released) == "released"


def test_a_code_that_nobody_knows_is_a_report_without_a_reason(released: Asset) -> None:
    event, envelope = stage.reported(released, stage.established())
    on_interaction(replace(event, reason="because"), envelope)
    assert Report.objects.get().reason == ""
