"""Killed between any two statements of what people do: all of it happened, or nothing did."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moderation.app import services
from moderation.app.models import BulkDecision, Case, Decision
from tests import factories
from tests.fakes.faults import every_death
from tests.integration.api.caller import rows
from tests.integration.moderation import stage
from tests.integration.moderation.test_decisions import decide, decision
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.verification import verify
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]


@dataclass(frozen=True, slots=True)
class World:
    """A held output with a child and a twin, its case, and two of staff."""

    asset: Asset
    case: Case
    reviewer: Viewer
    senior: Viewer


@pytest.fixture
def world() -> World:
    asset, case = stage.held()
    factories.make_asset(parent=asset)
    factories.make_asset(text="some violencemaybe here")
    return World(asset, case, stage.staff("reviewer"), stage.staff("senior_reviewer", name="Sol"))


def snapshot() -> tuple[dict[str, int], list[Any], list[Any]]:
    """Return how many rows there are of everything, and where every output and case stands."""
    return (
        rows(),
        list(
            Asset.objects.order_by("pk").values_list("visibility", "visibility_version", "rating")
        ),
        list(Case.objects.order_by("pk").values_list("state", "desk", "outcome", "claimed_by")),
    )


def survives(action: Callable[[], object]) -> int:
    """Kill an action before each of its statements; return how many deaths it took."""
    before, deaths = snapshot(), 0
    for statement in every_death(action):
        deaths += 1
        assert snapshot() == before, f"killed before statement {statement}"
    assert snapshot() != before
    report = verify(public_key=Ed25519PrivateKey.generate().public_key(), export_path=None)
    assert report.findings == ()
    return deaths


def test_a_claim(world: World) -> None:
    case = world.case.pk
    assert survives(partial(services.claim_case, case_id=case, viewer=world.reviewer)) > 3


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("release", {}),
        ("rate", {"details": {"rating": "mature"}}),
        ("block", {"list_hashes": True}),
        ("remove", {}),
        ("second_level", {}),
    ],
)
def test_a_decision(world: World, action: str, given: dict[str, Any]) -> None:
    assert survives(partial(decide, world.case, world.reviewer, action, **given)) > 10


def test_a_decision_that_restricts_its_author(world: World) -> None:
    details = {"kind": "no_public"}
    assert (
        survives(partial(decide, world.case, world.senior, "restrict_author", details=details)) > 20
    )


def test_taking_a_block_back(world: World) -> None:
    decide(world.case, world.reviewer, list_hashes=True)
    made = decision(world.case).pk
    reverse = partial(
        services.reverse_decision, decision_id=made, viewer=world.senior, reason="A mistake."
    )
    assert survives(reverse) > 20
    assert stage.visibility(world.asset) == "held"


def test_an_appeal_and_its_answer(world: World) -> None:
    decide(world.case, world.reviewer)
    author = factories.viewer_of(world.asset.owner)
    appeal = partial(
        services.make_appeal, viewer=author, asset_id=world.asset.pk, words="It is a stage."
    )
    assert survives(appeal) > 5
    answer = Case.objects.get(asset=world.asset, state="open")
    assert survives(partial(decide, answer, world.senior, "release")) > 20
    assert stage.visibility(world.asset) == "released"


def test_a_report_and_a_restriction(world: World) -> None:
    asset, reporter = factories.make_asset(), stage.established()
    report = partial(
        services.record_report,
        asset_id=asset.pk,
        reporter_id=reporter.pk,
        interaction_id=new_id(),
        note="it is wrong",
        hold_at=1,
        correlation_id=asset.correlation_id,
    )
    assert survives(report) > 5
    impose = partial(
        services.impose_restriction,
        viewer=world.senior,
        author_id=world.asset.owner_id,
        kind="hold_all",
        reason="as agreed",
    )
    assert survives(impose) > 5


def test_one_case_of_a_bulk(world: World) -> None:
    ids = [world.case.pk]
    digest = services.preview_bulk(viewer=world.senior, case_ids=ids, action="block").digest
    start = partial(
        services.start_bulk,
        viewer=world.senior,
        case_ids=ids,
        action="block",
        reason="A wave.",
        digest=digest,
    )
    assert survives(start) > 2
    assert survives(partial(services.advance_bulks, seconds=30, most=1)) > 20
    assert Decision.objects.filter(bulk=BulkDecision.objects.get()).count() == 1
