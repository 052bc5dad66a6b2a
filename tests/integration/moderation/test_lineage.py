"""A block reaches what was made from the blocked; its end gives back what was held only for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

import pytest

from moderation.app import services
from moderation.app.configuration import consequences
from moderation.app.engine import Engine
from moderation.app.models import Case, Outcome, Spread, Verdict
from moderation.app.services import lineage
from tests import factories
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import conduct, stage
from tidegate.assets.lineage import ancestors_of, descendants_of
from tidegate.assets.models import Asset
from tidegate.assets.services import Media, create_asset, restore_asset, withdraw_asset
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import NotAllowed
from tidegate.primitives.ids import new_id
from tidegate.projects.services import set_audience

pytestmark = pytest.mark.django_db


def _line(length: int, **given: str) -> list[Asset]:
    """Make an asset and its remixes, each of the one before, each by somebody else."""
    line: list[Asset] = []
    for _ in range(length):
        line.append(factories.make_asset(parent=line[-1] if line else None, **given))  # type: ignore[arg-type]  # a visibility
    return line


def _block(asset: Asset) -> Case:
    return conduct.decided(conduct.reopened(asset))


def _states(*assets: Asset) -> list[str]:
    return [stage.visibility(asset) for asset in assets]


def _whole_of(part: Asset) -> Asset:
    whole_id = new_id()
    Asset.objects.filter(pk=part.pk).update(whole=whole_id)
    return create_asset(
        asset_id=whole_id,
        organisation_id=part.organisation_id,
        project_id=part.project_id,
        owner_id=part.owner_id,
        job_id=None,
        output_index=0,
        modality="composition",
        title="a whole",
        prompt="a calm harbour",
        text="Still water.",
        media=[Media("original", b"{}", "application/json")],
        parent_id=None,
        seed=1,
        model_name="tests",
        model_version="1",
        parameters={},
        actor=Actor.system("tests"),
        correlation_id=new_id(),
    )


def test_descendants_and_ancestors_are_found_at_every_remove_and_through_wholes() -> None:
    first, second, third = _line(3)
    whole = _whole_of(third)
    assert set(descendants_of(first.pk)) == {second, third, whole}
    assert set(ancestors_of(whole.pk)) == {first, second, third}


def test_a_block_holds_every_level_with_a_case_each() -> None:
    parent, child, grandchild = _line(3)
    stranger = factories.make_asset()
    _block(parent)
    assert _states(parent, child, grandchild, stranger) == ["blocked", "held", "held", "released"]
    for asset in (child, grandchild):
        case = stage.case_of(asset)
        assert (case.because, case.state) == ("lineage", "open")
        codes = [one["code"] for one in Asset.objects.get(pk=asset.pk).public_reasons]
        assert codes == ["lineage"]
    assert Spread.objects.get().finished_at is not None


def test_a_release_gives_back_what_was_held_for_it_and_nobody_decided() -> None:
    parent, child, grandchild = _line(3)
    _block(parent)
    conduct.decided(stage.case_of(grandchild))
    conduct.decided(conduct.reopened(parent), "release")
    assert _states(parent, child, grandchild) == ["released", "released", "blocked"]
    case = stage.case_of(child)
    assert (case.outcome, case.decided_by_system) == ("release", True)


def test_with_two_blocked_ancestors_both_must_be_released() -> None:
    parent, child, grandchild = _line(3)
    _block(parent)
    conduct.decided(stage.case_of(child))
    conduct.decided(conduct.reopened(parent), "release")
    assert _states(child, grandchild) == ["blocked", "held"]
    conduct.decided(conduct.reopened(child), "release")
    assert _states(child, grandchild) == ["released", "released"]


def test_a_person_who_releases_a_child_is_not_overruled() -> None:
    parent, child = _line(2)
    _block(parent)
    conduct.decided(stage.case_of(child), "release")
    lineage.go_on()
    assert _states(parent, child) == ["blocked", "released"]


def test_a_block_that_is_confirmed_holds_again_only_what_nobody_cleared() -> None:
    parent, child = _line(2)
    _block(parent)
    conduct.decided(stage.case_of(child), "release")
    later = factories.make_asset(parent=parent)
    _block(parent)
    assert _states(parent, child, later) == ["blocked", "released", "held"]


def test_a_withdrawn_child_stays_withdrawn_and_its_children_are_held() -> None:
    parent, child = _line(2)
    grandchild = factories.make_asset(parent=child)
    Asset.objects.filter(pk=child.pk).update(visibility="withdrawn")
    _block(parent)
    assert _states(child, grandchild) == ["withdrawn", "held"]


def test_a_pending_child_of_the_blocked_passes_and_is_held(engine: Engine) -> None:
    parent = factories.make_asset(visibility="blocked")
    child = factories.make_asset(parent=parent, visibility="pending", text="Still water.")
    stage.consume(child)
    assert stage.visibility(child) == "held"
    verdict = Verdict.objects.get(asset=child)
    assert verdict.verdict == Outcome.RELEASE
    assert [reason["rule"] for reason in verdict.reasons] == ["lineage"]
    assert stage.case_of(child).because == "lineage"
    conduct.decided(conduct.reopened(parent), "release")
    assert stage.visibility(child) == "released"


def test_a_remix_of_what_a_person_cleared_is_not_held_again(engine: Engine) -> None:
    parent, child = _line(2)
    _block(parent)
    conduct.decided(stage.case_of(child), "release")
    remix = factories.make_asset(parent=child, visibility="pending", text="Still water.")
    stage.consume(remix)
    assert stage.visibility(remix) == "released"


def test_the_gates_block_of_a_parent_reaches_its_children(engine: Engine) -> None:
    parent = stage.pending(content="violencemark")
    child = factories.make_asset(parent=parent)
    stage.consume(parent)
    assert _states(parent, child) == ["blocked", "held"]


def test_a_whole_is_held_with_its_part(engine: Engine) -> None:
    part = factories.make_asset()
    whole = _whole_of(part)
    stage.consume(whole)
    assert stage.visibility(whole) == "released"
    _block(part)
    assert stage.visibility(whole) == "held"


def test_what_was_unavailable_is_not_released_past_its_parent(
    impatient: Engine, detectors: FakeDetectors
) -> None:
    from moderation.app.rechecking import judge_again

    parent = factories.make_asset(visibility="blocked")
    child = factories.make_asset(parent=parent, visibility="pending", text="Still water.")
    detectors.down.update({"text_hazards", "prompt_attack"})
    stage.consume(child)
    assert stage.case_of(child).because == "unavailable"
    detectors.down.clear()
    judge_again()
    case = stage.case_of(child)
    assert (stage.visibility(child), case.because, case.state) == ("held", "lineage", "open")


def test_more_than_fits_one_transaction_follows_and_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = replace(consequences(), lineage_at_once=2)
    monkeypatch.setattr(lineage, "consequences", lambda: few)
    parent = factories.make_asset()
    children = [factories.make_asset(parent=parent) for _ in range(5)]
    _block(parent)
    assert _states(*children).count("held") == 2
    assert lineage.go_on() == 3
    assert lineage.go_on() == 0
    assert set(_states(*children)) == {"held"}
    conduct.decided(conduct.reopened(parent), "release")
    assert _states(*children).count("released") == 2
    lineage.go_on()
    assert set(_states(*children)) == {"released"}
    assert Spread.objects.get().undone_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_child_judged_while_its_parent_is_blocked_is_never_released(
    engine: Engine,
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    for _ in range(5):
        parent = factories.make_asset()
        children = [
            factories.make_asset(parent=parent, visibility="pending", text="Still water.")
            for _ in range(2)
        ]
        case, reviewer = conduct.reopened(parent), stage.staff("reviewer")
        block = partial(
            services.decide_case, case_id=case.pk, action="block", viewer=reviewer, reason="so"
        )
        results = in_threads([block, *(partial(stage.consume, child) for child in children)])
        assert not [result for result in results if isinstance(result, Exception)], results
        assert _states(*children) == ["held", "held"]


@pytest.mark.django_db(transaction=True)
def test_outputs_judged_while_their_author_is_suspended_are_never_released(
    engine: Engine,
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    project = factories.make_project()
    outputs = [
        factories.make_asset(project, visibility="pending", text="Still water.") for _ in range(8)
    ]
    senior = stage.staff("senior_reviewer")
    suspend = partial(
        services.impose_restriction,
        viewer=senior,
        author_id=project.created_by_id,
        kind="suspended",
        reason="so",
    )
    alone = (partial(stage.consume, one) for one in outputs[:4])
    results = in_threads([suspend, *alone, partial(stage.consume_together, outputs[4:])])
    assert not [result for result in results if isinstance(result, Exception)], results
    assert _states(*outputs) == ["held"] * 8


@pytest.mark.parametrize(
    ("kind", "audience", "expected"),
    [
        ("hold_all", "private", "held"),
        ("suspended", "private", "held"),
        ("no_public", "public", "held"),
        ("no_public", "private", "released"),
        ("cooldown", "public", "released"),
    ],
)
def test_what_an_author_under_review_makes_waits_for_a_person(
    engine: Engine, kind: str, audience: str, expected: str
) -> None:
    project = factories.make_project(audience=audience)
    conduct.suspended(project.created_by, kind)
    output = factories.make_asset(project, visibility="pending", text="Still water.")
    stage.consume(output)
    assert stage.visibility(output) == expected
    verdict = Verdict.objects.get(asset=output)
    assert verdict.verdict == Outcome.RELEASE
    rules = [reason["rule"] for reason in verdict.reasons]
    assert rules == (["author_review"] if expected == "held" else [])


def test_withdrawing_is_no_way_around_a_block_or_a_restriction() -> None:
    parent, child = _line(2)
    owner = factories.viewer_of(child.owner)
    withdraw_asset(viewer=owner, asset_id=child.pk)
    case = _block(parent)
    with pytest.raises(NotAllowed) as refusal:
        restore_asset(viewer=owner, asset_id=child.pk)
    assert (refusal.value.code, stage.visibility(child)) == ("not_public_now", "withdrawn")
    conduct.decided(conduct.reopened(case.asset), "release")
    restriction = conduct.suspended(child.owner, "no_public")
    with pytest.raises(NotAllowed):
        restore_asset(viewer=owner, asset_id=child.pk)
    services.lift_restriction(
        viewer=stage.staff("policy_admin"), restriction_id=restriction.pk, reason="enough"
    )
    restore_asset(viewer=owner, asset_id=child.pk)
    assert stage.visibility(child) == "released"


@pytest.mark.parametrize(
    ("kind", "audience"),
    [("no_public", "private"), ("suspended", "private"), ("cooldown", "public")],
)
def test_who_may_publish_nothing_opens_no_project(kind: str, audience: str) -> None:
    project = factories.make_project(audience="private")
    viewer = factories.viewer_of(project.created_by)
    conduct.suspended(project.created_by, kind)
    refusal: AbstractContextManager[object] = (
        nullcontext() if audience == "public" else pytest.raises(NotAllowed)
    )
    with refusal:
        set_audience(viewer=viewer, project_id=project.pk, audience="public")
    project.refresh_from_db()
    assert project.audience == audience
    set_audience(viewer=viewer, project_id=project.pk, audience="private")
