"""What goes astray on trial is rolled back by itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.models import PolicyVersion
from tests.integration.moderation import stage
from tests.integration.moderation.policies import judge, led, limited, shipped, text
from tidegate.audit.models import Entry
from tidegate.events.models import Outbox
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidMove

pytestmark = pytest.mark.django_db


@pytest.fixture
def sensitive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fuse that judges a dozen verdicts, and approvals that need nothing."""
    limited(monkeypatch, approval_evidence=0, policy_fuse_verdicts=10, policy_fuse_rulings=5)


def everything(engine: Engine) -> str:
    return text(engine, "holds everything", hate="0.005")


@pytest.mark.usefixtures("sensitive")
def test_a_canary_that_holds_everything_is_taken_off_once(engine: Engine) -> None:
    active = shipped(engine)
    canary = led(engine, "canary", source=everything(engine))
    for number in range(12):
        assert judge(f"a calm harbour {number}") == canary.version
    assert services.check_policies() == [canary.pk]
    assert services.check_policies() == []
    canary.refresh_from_db()
    assert (canary.state, canary.rolled_back_by_fuse) == ("retired", True)
    assert "held 100% of 12, more than 50% (fixed)" in canary.rolled_back_because
    entry = Entry.objects.get(action="policy.rolled_back")
    assert (entry.actor_kind, entry.subject_id) == ("system", str(canary.pk))
    assert Outbox.objects.filter(type="tidegate.policy.moved.v1").count() == 6
    assert judge("a calm harbour, again") == active.version


@pytest.mark.usefixtures("sensitive")
def test_a_fresh_active_policy_gives_way_to_the_one_before(engine: Engine) -> None:
    first = shipped(engine)
    for number in range(12):
        judge(f"before {number}")
    fresh = led(engine, "active", source=everything(engine))
    assert services.check_policies() == []
    for number in range(12):
        assert judge(f"after {number}") == fresh.version
    assert services.check_policies() == [fresh.pk]
    assert PolicyVersion.objects.get(active=True).pk == first.pk
    fresh.refresh_from_db()
    assert "against the one before" in fresh.rolled_back_because
    assert judge("and on") == first.version
    assert services.check_policies() == []


@pytest.mark.usefixtures("sensitive")
def test_after_its_probation_no_fuse_watches(engine: Engine) -> None:
    shipped(engine)
    fresh = led(engine, "active", source=everything(engine))
    for number in range(12):
        judge(f"after {number}")
    PolicyVersion.objects.filter(pk=fresh.pk).update(probation_until=now() - timedelta(seconds=1))
    assert services.check_policies() == []


@pytest.mark.usefixtures("sensitive")
def test_reviewers_who_rule_against_it_take_it_off(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(
        monkeypatch,
        approval_evidence=0,
        policy_fuse_verdicts=1_000,
        policy_fuse_rulings=10,
        policy_fuse_overturned=0.5,
    )
    shipped(engine)
    canary = led(engine, "canary", source=everything(engine))
    reviewer = stage.staff("reviewer")
    for number in range(10):
        assert services.check_policies() == []
        asset = stage.pending(content=f"a calm harbour {number}")
        stage.consume(asset)
        services.decide_case(
            case_id=stage.case_of(asset).pk, viewer=reviewer, action="release", reason="harmless"
        )
    assert services.check_policies() == [canary.pk]
    canary.refresh_from_db()
    assert canary.rolled_back_because.startswith("The fuse: overturned 100% of 10")


@pytest.mark.usefixtures("sensitive")
def test_people_roll_back_too_and_twice_is_no_error(engine: Engine) -> None:
    first = shipped(engine)
    admin = stage.staff("policy_admin")
    with pytest.raises(InvalidMove):
        services.roll_back_policy(version_id=first.pk, viewer=admin, reason="nothing before it")
    fresh = led(engine, "active", source=text(engine, "new"))
    for _ in range(2):
        services.roll_back_policy(version_id=fresh.pk, viewer=admin, reason="a mistake")
    assert PolicyVersion.objects.get(active=True).pk == first.pk
    assert Entry.objects.filter(action="policy.rolled_back").count() == 1
    again = services.activate_policy(policy=engine.policy)
    assert again.pk == first.pk


@pytest.mark.django_db(transaction=True)
def test_two_fuses_at_once_roll_back_once(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    limited(monkeypatch, approval_evidence=0, policy_fuse_verdicts=10)
    shipped(engine)
    led(engine, "canary", source=everything(engine))
    for number in range(12):
        judge(f"a calm harbour {number}")
    done = in_threads([services.check_policies] * 4)
    assert sorted(len(one) for one in done if isinstance(one, list)) == [0, 0, 0, 1], done
    assert Entry.objects.filter(action="policy.rolled_back").count() == 1
