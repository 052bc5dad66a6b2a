"""A block by a person gives its author points, and enough of them restrict the author."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from moderation.app import services
from moderation.app.configuration import consequences
from moderation.app.engine import Engine
from moderation.app.models import Restriction, Strike
from moderation.app.selectors.strikes import points_of
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.accounts.models import User
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput, NotAllowed
from tidegate.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return factories.make_project()


@pytest.fixture
def author(project: Project) -> User:
    return project.created_by


def _void(strike: Strike, reason: str = "a mistake") -> Strike:
    return services.void_strike(
        viewer=stage.staff("senior_reviewer"), strike_id=strike.pk, reason=reason
    )


@pytest.mark.parametrize(
    ("hazards", "hazard", "points"),
    [
        pytest.param(["hate"], "hate", 3, id="hate"),
        pytest.param(["profanity", "violence"], "violence", 2, id="the heavier of two"),
        pytest.param([], "", 2, id="none named"),
    ],
)
def test_a_block_gives_points_by_its_hazard(
    author: User, project: Project, hazards: list[str], hazard: str, points: int
) -> None:
    case = conduct.decided(conduct.held_of(author, project, *hazards))
    strike = Strike.objects.get()
    assert (strike.author_id, strike.case_id) == (author.pk, case.pk)
    assert (strike.hazard, strike.points) == (hazard, points)
    assert points_of(author.pk) == points
    assert stage.trail(strike.pk) == ["strike.issued"]


def test_the_same_ruling_again_strikes_once(author: User, project: Project) -> None:
    case, reviewer = conduct.held_of(author, project, "hate"), stage.staff("reviewer")
    for _ in range(2):
        services.decide_case(case_id=case.pk, action="block", viewer=reviewer, reason="hate")
    assert Strike.objects.count() == 1


def test_a_release_and_a_block_by_the_gate_give_none(
    engine: Engine, author: User, project: Project
) -> None:
    conduct.decided(conduct.held_of(author, project, "hate"), "release")
    asset = stage.pending(content="violencemark all over")
    stage.consume(asset)
    assert stage.visibility(asset) == "blocked"
    assert not Strike.objects.exists()


def test_a_deployment_may_let_severe_blocks_of_the_gate_strike(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from moderation.app.services import verdicts

    strict = replace(consequences(), automatic_from=50)
    monkeypatch.setattr(verdicts, "consequences", lambda: strict)
    asset = stage.pending(content="violencemark all over")
    stage.consume(asset)
    strike = Strike.objects.get()
    assert strike.case_id is None
    assert strike.verdict is not None
    assert strike.verdict.asset_id == asset.pk


def test_points_decay(author: User, project: Project) -> None:
    conduct.decided(conduct.held_of(author, project, "spam"))
    strike = Strike.objects.get()
    assert strike.expires_at - strike.created_at == pytest.approx(
        timedelta(days=30), abs=timedelta(minutes=1)
    )
    Strike.objects.update(expires_at=now())
    assert points_of(author.pk) == 0


def test_a_bad_day_has_a_limit_which_children_do_not(author: User, project: Project) -> None:
    for _ in range(4):
        conduct.decided(conduct.held_of(author, project, "violence"))
    assert points_of(author.pk) == 6
    assert list(Strike.objects.order_by("pk").values_list("points", flat=True)) == [2, 2, 2, 0]
    conduct.decided(conduct.held_of(author, project, "child_safety"))
    assert points_of(author.pk) == 18


def test_voiding_keeps_the_row_and_says_who_and_why(author: User, project: Project) -> None:
    conduct.decided(conduct.held_of(author, project, "hate"))
    strike = _void(Strike.objects.get(), "satire")
    strike.refresh_from_db()
    assert strike.voided_by is not None
    assert strike.void_reason == "satire"
    assert points_of(author.pk) == 0
    _void(strike, "again")
    strike.refresh_from_db()
    assert strike.void_reason == "satire"
    assert stage.trail(strike.pk) == ["strike.issued", "strike.voided"]


def test_a_release_of_what_was_blocked_voids_its_strike(author: User, project: Project) -> None:
    case = conduct.decided(conduct.held_of(author, project, "hate"))
    conduct.decided(conduct.reopened(case.asset), "release")
    assert stage.visibility(case.asset) == "released"
    assert Strike.objects.get().voided_at is not None
    # Blocked once more, it strikes once more.
    conduct.decided(conduct.reopened(case.asset))
    assert points_of(author.pk) == 2
    assert Strike.objects.count() == 2


def test_enough_points_restrict_and_more_restrict_harder(author: User, project: Project) -> None:
    conduct.decided(conduct.held_of(author, project, "hate"))
    assert not Restriction.objects.exists()
    conduct.decided(conduct.held_of(author, project, "spam"))
    cooldown = Restriction.objects.get()
    assert (cooldown.kind, cooldown.points, cooldown.imposed_by) == ("cooldown", 4, None)
    assert cooldown.strikes.count() == 2
    conduct.decided(conduct.held_of(author, project, "child_safety"))
    kinds = Restriction.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["cooldown", "suspended"]


def test_a_void_lifts_the_restriction_that_rested_on_it(author: User, project: Project) -> None:
    conduct.decided(conduct.held_of(author, project, "hate"))
    conduct.decided(conduct.held_of(author, project, "spam"))
    _void(Strike.objects.get(hazard="spam"))
    restriction = Restriction.objects.get()
    assert (restriction.ended_because, restriction.ended_by) == ("lifted", None)


def test_a_restriction_by_hand_outlives_a_void(author: User, project: Project) -> None:
    conduct.decided(conduct.held_of(author, project, "hate"))
    restriction = conduct.suspended(author, "cooldown")
    _void(Strike.objects.get())
    restriction.refresh_from_db()
    assert restriction.ended_at is None


def test_reviewers_and_the_struck_themselves_void_nothing(author: User, project: Project) -> None:
    conduct.decided(conduct.held_of(author, project, "hate"))
    strike = Strike.objects.get()
    for viewer in (stage.staff("reviewer"), factories.viewer_of(author)):
        with pytest.raises(NotAllowed):
            services.void_strike(viewer=viewer, strike_id=strike.pk, reason="no")
    with pytest.raises(InvalidInput):
        _void(strike, " ")
    strike.refresh_from_db()
    assert strike.voided_at is None


def test_the_database_refuses_two_standing_strikes_for_one_output(
    author: User, project: Project
) -> None:
    conduct.decided(conduct.held_of(author, project, "hate"))
    strike = Strike.objects.get()
    other = conduct.held_of(author, project)
    with pytest.raises(IntegrityError, match="one_standing_strike"), transaction.atomic():
        Strike.objects.create(
            author=author,
            organisation_id=strike.organisation_id,
            asset_id=strike.asset_id,
            case=other,
            points=1,
            expires_at=now() + timedelta(days=1),
        )


@pytest.mark.django_db(transaction=True)
def test_two_blocks_at_once_reach_the_threshold_once(
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    project = factories.make_project()
    author = project.created_by
    cases = [conduct.held_of(author, project, "hate") for _ in range(2)]
    reviewers = [stage.staff("reviewer") for _ in cases]
    results = in_threads(
        [
            partial(
                services.decide_case,
                case_id=case.pk,
                action="block",
                viewer=viewer,
                reason="hate",
            )
            for case, viewer in zip(cases, reviewers, strict=True)
        ]
    )
    assert [type(result).__name__ for result in results] == ["Case", "Case"], results
    assert points_of(author.pk) == 6
    # The second found all points: one restriction, for both strikes.
    restriction = Restriction.objects.get()
    assert restriction.kind == "no_public"
    assert restriction.strikes.count() == 2
