"""The life of a policy: who moves it where, what judges, what a shadow says."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError, transaction

from moderation.app import in_force, selectors, services
from moderation.app.engine import Engine
from moderation.app.gate import ModerationGate
from moderation.app.models import PolicyVersion, ShadowDecision, Verdict
from moderation.core import policy as policies
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import stage
from tests.integration.moderation.policies import judge, led, limited, shipped, text
from tidegate.audit.models import Entry
from tidegate.events.models import Outbox
from tidegate.primitives.errors import (
    Conflict,
    InvalidInput,
    InvalidMove,
    NotAllowed,
    NotFound,
)
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a policy be approved without having been tried."""
    limited(monkeypatch, approval_evidence=0)


@pytest.mark.usefixtures("untried")
def test_a_policy_goes_its_way_and_every_step_is_told(engine: Engine) -> None:
    first = shipped(engine)
    version = led(engine, "active", source=text(engine, "new"))
    first.refresh_from_db()
    assert (first.state, first.active) == ("retired", False)
    assert version.replaced_id == first.pk
    assert version.probation_until is not None
    steps = Entry.objects.filter(subject_id=str(version.pk)).order_by("id")
    assert [(one.action, (one.after or {})["state"]) for one in steps] == [
        ("policy.proposed", "draft"),
        ("policy.moved", "shadow"),
        ("policy.moved", "approved"),
        ("policy.moved", "canary"),
        ("policy.activated", "active"),
    ]
    assert Outbox.objects.filter(type="tidegate.policy.moved.v1").count() == 7


def test_who_proposes_never_approves_and_the_database_says_so_too(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, approval_evidence=0)
    one = stage.staff("policy_admin")
    version = services.propose_policy(source=text(engine, "new"), viewer=one, reason="better")
    with pytest.raises(NotAllowed) as refused:
        services.move_policy(version_id=version.pk, to="approved", viewer=one, reason="mine")
    assert refused.value.code == "own_policy"
    with pytest.raises(IntegrityError, match="approved_by_another"), transaction.atomic():
        PolicyVersion.objects.filter(pk=version.pk).update(approved_by=one.user_id)
    with pytest.raises(IntegrityError, match="tried_is_approved"), transaction.atomic():
        PolicyVersion.objects.filter(pk=version.pk).update(state="approved")


def test_what_nobody_tried_is_not_approved(engine: Engine) -> None:
    shipped(engine)
    one, other = stage.staff("policy_admin"), stage.staff("policy_admin")
    version = services.propose_policy(source=text(engine, "new"), viewer=one, reason="better")
    with pytest.raises(Conflict) as refused:
        services.move_policy(version_id=version.pk, to="approved", viewer=other, reason="go")
    assert refused.value.code == "policy_untried"


@pytest.mark.usefixtures("untried")
@pytest.mark.parametrize(
    ("at", "to"),
    [
        ("draft", "canary"),
        ("draft", "active"),
        ("shadow", "active"),
        ("shadow", "canary"),
        ("approved", "active"),
        ("approved", "shadow"),
        ("canary", "draft"),
        ("canary", "approved"),
        ("active", "retired"),
        ("active", "canary"),
    ],
)
def test_no_step_is_left_out(engine: Engine, at: str, to: str) -> None:
    shipped(engine)
    version = led(engine, at, source=text(engine, "new"))
    with pytest.raises(InvalidMove):
        services.move_policy(
            version_id=version.pk,
            to=to,
            viewer=stage.staff("policy_admin"),
            reason="now",
            canary_share=0.5,
        )


@pytest.mark.usefixtures("untried")
def test_a_move_that_is_made_already_changes_nothing(engine: Engine) -> None:
    shipped(engine)
    admin = stage.staff("policy_admin")
    version = led(engine, "canary", source=text(engine, "new"), share=0.25)
    entries = Entry.objects.count()
    for _ in range(2):
        services.move_policy(
            version_id=version.pk, to="canary", viewer=admin, reason="on", canary_share=0.25
        )
    assert Entry.objects.count() == entries
    wider = services.move_policy(
        version_id=version.pk, to="canary", viewer=admin, reason="more", canary_share=0.5
    )
    assert (wider.canary_share, wider.canary_seed) == (0.5, str(version.pk))


@pytest.mark.usefixtures("untried")
def test_only_policy_admins_change_policies_and_say_why(engine: Engine) -> None:
    shipped(engine)
    source = text(engine, "new")
    with pytest.raises(NotAllowed):
        services.propose_policy(source=source, viewer=stage.staff("reviewer"), reason="x")
    admin = stage.staff("policy_admin")
    with pytest.raises(InvalidInput):
        services.propose_policy(source=source, viewer=admin, reason=" ")
    with pytest.raises(InvalidInput) as refused:
        services.propose_policy(source="name: [", viewer=admin, reason="x")
    assert refused.value.errors[0].code == "policy_invalid"
    with pytest.raises(NotFound):
        services.move_policy(version_id=new_id(), to="shadow", viewer=admin, reason="x")
    version = led(engine, "approved", source=source)
    for share in (None, 0.0, 1.5, float("nan")):
        with pytest.raises(InvalidInput):
            services.move_policy(
                version_id=version.pk, to="canary", viewer=admin, reason="x", canary_share=share
            )


@pytest.mark.usefixtures("untried")
def test_there_is_one_canary_and_few_shadows(engine: Engine) -> None:
    shipped(engine)
    led(engine, "canary", source=text(engine, "one"))
    second = led(engine, "approved", source=text(engine, "two"))
    with pytest.raises(Conflict) as refused:
        services.move_policy(
            version_id=second.pk,
            to="canary",
            viewer=stage.staff("policy_admin"),
            reason="x",
            canary_share=0.5,
        )
    assert refused.value.code == "canary_taken"
    for name in ("a", "b", "c"):
        led(engine, "shadow", source=text(engine, name))
    with pytest.raises(Conflict) as refused:
        led(engine, "shadow", source=text(engine, "d"))
    assert refused.value.code == "shadow_limit"


@pytest.mark.usefixtures("untried")
def test_a_changed_file_is_a_draft_once_people_decide(engine: Engine) -> None:
    shipped(engine)
    theirs = led(engine, "active", source=text(engine, "theirs"))
    changed = policies.parse(text(engine, "filed"), lists_digest=in_force.lists_digest())
    for _ in range(2):
        active = services.activate_policy(policy=changed, lists_digest=in_force.lists_digest())
        assert active.pk == theirs.pk
    filed = PolicyVersion.objects.get(version=changed.version)
    assert (filed.state, filed.origin) == ("draft", "file")
    assert Entry.objects.filter(subject_id=str(filed.pk)).count() == 1
    assert judge("a calm harbour") == theirs.version


@pytest.mark.usefixtures("untried")
def test_other_word_lists_make_new_versions_in_the_same_states(engine: Engine) -> None:
    shipped(engine)
    theirs = led(engine, "active", source=text(engine, "theirs"))
    shadow = led(engine, "shadow", source=text(engine, "beside"))
    digest = "ab" * 32
    filed = policies.parse(engine.policy.source, lists_digest=digest)
    for _ in range(2):
        active = services.activate_policy(policy=filed, lists_digest=digest)
    assert (active.source, active.lists_digest) == (theirs.source, digest)
    assert active.version == policies.parse(theirs.source, lists_digest=digest).version
    assert active.approved_by_id == theirs.approved_by_id
    beside = PolicyVersion.objects.get(state="shadow")
    assert (beside.source, beside.pk != shadow.pk) == (shadow.source, True)
    assert PolicyVersion.objects.get(pk=theirs.pk).state == "retired"
    assert Entry.objects.filter(action="policy.lists_changed").count() == 2


@pytest.mark.usefixtures("untried")
def test_a_canary_judges_its_share_and_a_retry_draws_the_same(engine: Engine) -> None:
    active = shipped(engine)
    canary = led(engine, "canary", source=text(engine, "new"), share=0.3)
    known = in_force.in_force()
    keys = [new_id() for _ in range(2_000)]
    drawn = [known.policy_for(key) for key in keys]
    assert [known.policy_for(key) for key in keys] == drawn
    share = sum(policy is known.canary for policy in drawn) / len(drawn)
    assert 0.25 < share < 0.35
    under = {in_force.engine_for(engine, key).policy.version for key in keys}
    assert under == {active.version, canary.version}
    assert in_force.active_engine(engine).policy.version == active.version


@pytest.mark.usefixtures("untried")
def test_prompts_and_outputs_are_judged_by_what_the_database_says(
    engine: Engine, gate: ModerationGate
) -> None:
    shipped(engine)
    lenient = led(engine, "active", source=text(engine, "lenient", hate="0.9"))
    asset = stage.pending(content="hatemaybe")
    stage.consume(asset)
    assert stage.visibility(asset) == "released"
    verdict = Verdict.objects.get(asset=asset)
    assert verdict.policy_id == lenient.pk


def test_a_database_that_is_away_leaves_the_policy_as_it_was_known(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(engine)
    known = in_force.in_force()
    moment = 0.0

    def away() -> in_force.InForce:
        raise OperationalError("away")

    monkeypatch.setattr(in_force, "read", away)
    monkeypatch.setattr(in_force, "monotonic", lambda: moment)
    moment = 1e12
    assert in_force.in_force() is known
    in_force.forget()
    with pytest.raises(OperationalError):
        in_force.in_force()


@pytest.mark.usefixtures("untried")
def test_a_change_is_read_at_most_once_a_second(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(engine)
    moment, reads = 100.0, []
    really = in_force.read

    def read() -> in_force.InForce:
        reads.append(moment)
        return really()

    monkeypatch.setattr(in_force, "read", read)
    monkeypatch.setattr(in_force, "monotonic", lambda: moment)
    in_force.forget()
    for step in range(30):
        moment = 100.0 + step / 10
        in_force.in_force()
    assert reads == pytest.approx([100.0, 101.0, 102.0])


def test_a_shadow_changes_nothing_asks_nobody_and_its_disagreements_are_listed(
    engine: Engine, detectors: FakeDetectors
) -> None:
    shipped(engine)
    version = led(engine, "shadow", source=text(engine, "lenient", hate="0.9"))
    contents = ["a calm harbour", "some hatemaybe", "violencemark"]
    assets = [stage.pending(content=content) for content in contents]
    for asset in assets:
        stage.consume(asset)
    assert detectors.asked["text_hazards"] == 3  # one of the texts is the prompt of all
    assert [stage.visibility(asset) for asset in assets] == ["released", "held", "blocked"]
    reader = stage.staff("reviewer")
    totals = selectors.shadow_totals(reader, version.pk)
    assert totals.pairs == {
        ("block", "block"): 1,
        ("hold", "release"): 1,
        ("release", "release"): 1,
    }
    assert (totals.compared, totals.differing, totals.not_comparable) == (3, 1, 0)
    differing = selectors.disagreements(reader, version.pk).get()
    assert (differing.asset_id, differing.live, differing.shadow) == (
        assets[1].pk,
        "hold",
        "release",
    )


def test_a_shadow_that_needs_what_was_not_asked_says_nothing_and_is_counted(
    engine: Engine,
) -> None:
    shipped(engine)
    source = text(engine, "wants more").replace(
        "detectors:\n", "detectors:\n  another_one: [hate]\n"
    )
    source = source.replace("required: [text_hazards", "required: [another_one, text_hazards")
    assert source.count("another_one") > 1
    version = led(engine, "shadow", source=source)
    judge("a calm harbour")
    totals = selectors.shadow_totals(stage.staff("auditor"), version.pk)
    assert (totals.pairs, totals.not_comparable) == ({}, 1)
    assert selectors.evidence_for(version.pk) == (0, 0)
    with pytest.raises(NotAllowed):
        selectors.shadow_totals(stage.staff(), version.pk)


def test_what_shadows_said_long_ago_is_forgotten(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(engine)
    led(engine, "shadow", source=text(engine, "beside"))
    judge("a calm harbour")
    assert services.forget_shadows() == 0
    ShadowDecision.objects.update(created_at="2020-01-01T00:00Z")
    assert [services.forget_shadows(), services.forget_shadows()] == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_two_who_put_a_policy_in_force_at_once_leave_one(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    limited(monkeypatch, approval_evidence=0)
    shipped(engine)
    version = led(engine, "canary", source=text(engine, "new"))
    admins = [stage.staff("policy_admin") for _ in range(4)]
    done = in_threads(
        [
            lambda admin=admin: services.move_policy(  # type: ignore[misc]
                version_id=version.pk, to="active", viewer=admin, reason="go"
            )
            for admin in admins
        ]
    )
    assert all(isinstance(one, PolicyVersion) for one in done), done
    assert PolicyVersion.objects.get(active=True).pk == version.pk
    assert Entry.objects.filter(action="policy.activated", subject_id=str(version.pk)).count() == 1
