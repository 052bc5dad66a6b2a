"""People say that something should not be there."""

import pytest

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.handlers import on_interaction
from moderation.app.models import Case, Report
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
    on_interaction(*stage.reported(released, factories.make_user(), "it is my face"))
    case = stage.case_of(released)
    assert (case.because, case.report_count, case.state) == ("report", 1, "open")
    assert stage.visibility(released) == "released"
    assert Report.objects.get().note == "it is my face"


def test_the_third_person_holds_it_and_raises_the_case(released: Asset) -> None:
    severities = []
    for _ in range(3):
        on_interaction(*stage.reported(released, factories.make_user()))
        severities.append(stage.case_of(released).severity)
    assert stage.visibility(released) == "held"
    assert severities == sorted(set(severities))
    codes = [reason["code"] for reason in Asset.objects.get(pk=released.pk).public_reasons]
    assert codes == ["reported"]


def test_the_same_person_and_the_owner_do_not_add_up(released: Asset) -> None:
    person = factories.make_user()
    for reporter in (person, person, person, released.owner):
        on_interaction(*stage.reported(released, reporter))
    assert stage.case_of(released).report_count == 1
    assert stage.visibility(released) == "released"


def test_the_same_event_again_counts_once(released: Asset) -> None:
    event, envelope = stage.reported(released, factories.make_user())
    on_interaction(event, envelope)
    on_interaction(event, envelope)
    assert Report.objects.count() == 1


def test_a_report_after_a_decision_opens_a_new_case_that_names_the_old(released: Asset) -> None:
    on_interaction(*stage.reported(released, factories.make_user()))
    first = stage.case_of(released)
    services.decide_case(
        case_id=first.pk, outcome="release", viewer=stage.staff("reviewer"), reason="harmless"
    )
    on_interaction(*stage.reported(released, factories.make_user()))
    second = stage.case_of(released)
    assert second.pk != first.pk
    assert second.previous_id == first.pk
    assert second.report_count == 1


def test_a_decided_block_of_a_visible_asset_goes_through_held(released: Asset) -> None:
    on_interaction(*stage.reported(released, factories.make_user()))
    services.decide_case(
        case_id=stage.case_of(released).pk,
        outcome="block",
        viewer=stage.staff("reviewer"),
        reason="it is not theirs",
    )
    assert stage.visibility(released) == "blocked"


def test_a_report_of_what_cannot_be_seen_opens_nothing(engine: Engine) -> None:
    asset = factories.make_asset(visibility="blocked")
    on_interaction(*stage.reported(asset, factories.make_user()))
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
    event, envelope = stage.reported(released, factories.make_user())
    other = InteractionRecorded(
        interaction_id=event.interaction_id,
        viewer_id=event.viewer_id,
        asset_id=event.asset_id,
        kind=kind,  # type: ignore[arg-type]  # the table lists the literal's values
        note="",
    )
    on_interaction(other, envelope)
    assert not Case.objects.exists()
