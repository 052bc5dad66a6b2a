"""The version that is stamped is the version that was evaluated, whatever changes meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from moderation.app import in_force, services
from moderation.app.engine import Engine
from moderation.app.handlers import on_asset_created, prepare_asset
from moderation.app.models import Outcome, PolicyVersion, Verdict
from moderation.core.backtesting import Stored, again
from moderation.core.decisions import Verdict as Said
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import stage
from tests.integration.moderation.policies import led, limited, shipped, text
from tidegate.events.errors import RetryLater

CONTENTS = ("a calm harbour", "some hatemaybe", "hatemark", "violencemaybe", "violencemark")


def assert_proven(verdict: Verdict) -> None:
    """Repeat a decision from the stored source of the version that it names."""
    policy = in_force.policy_of(verdict.policy.source)
    assert policy.version == verdict.policy.version
    decision = again(
        policy,
        Stored(
            str(verdict.pk),
            str(verdict.asset_id),
            Said(verdict.verdict),
            verdict.signals,
            verdict.hash_hits,
            None,
        ),
    )
    assert decision is not None
    assert (decision.verdict, decision.evaluation_version) == (
        verdict.verdict,
        verdict.policy_version,
    )


@pytest.mark.django_db(transaction=True)
def test_every_verdict_repeats_under_its_stamp_while_policies_change_in_the_traffic(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    limited(monkeypatch, approval_evidence=0)
    monkeypatch.setattr(in_force, "SECONDS", 0.02)
    shipped(engine)
    assets = [stage.pending(content=CONTENTS[number % 5]) for number in range(60)]
    grouped = [stage.pending(content=CONTENTS[number % 5]) for number in range(20)]

    def traffic(part: int) -> None:
        for asset in assets[part::3]:
            stage.consume(asset)

    def grouped_traffic() -> None:
        for first in range(0, len(grouped), 4):
            stage.consume_together(grouped[first : first + 4])

    def changes() -> None:
        admin = stage.staff("policy_admin")
        for number in range(8):
            hate = ("0.9", "0.5")[number % 2]
            version = led(engine, "canary", source=text(engine, f"n{number}", hate), share=0.5)
            version = led_on(version.pk)
            if number % 3 == 0:
                services.roll_back_policy(version_id=version.pk, viewer=admin, reason="back")

    def led_on(version_id: object) -> PolicyVersion:
        return services.move_policy(
            version_id=version_id,  # type: ignore[arg-type]
            to="active",
            viewer=stage.staff("policy_admin"),
            reason="on",
        )

    done = in_threads([*(partial(traffic, part) for part in range(3)), grouped_traffic, changes])
    assert [one for one in done if isinstance(one, BaseException)] == []
    verdicts = list(Verdict.objects.select_related("policy"))
    assert len(verdicts) == len(assets) + len(grouped)
    assert len({verdict.policy_id for verdict in verdicts}) > 1
    for verdict in verdicts:
        assert_proven(verdict)


@pytest.fixture
def lenient(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> PolicyVersion:
    """A canary for all, which releases what the shipped policy holds."""
    limited(monkeypatch, approval_evidence=0)
    shipped(engine)
    return led(engine, "canary", source=text(engine, "lenient", hate="0.9"))


@pytest.mark.django_db
def test_what_was_judged_under_a_policy_rolled_back_is_judged_again_without_a_detector(
    engine: Engine, lenient: PolicyVersion, detectors: FakeDetectors
) -> None:
    asset = stage.pending(content="some hatemaybe")
    event, envelope = stage.created(asset)
    judgement = prepare_asset(event, envelope)
    assert judgement is not None
    assert (judgement.verdict, judgement.policy.version) == (Outcome.RELEASE, lenient.version)
    services.roll_back_policy(
        version_id=lenient.pk, viewer=stage.staff("policy_admin"), reason="too lenient"
    )
    asked = dict(detectors.asked)
    on_asset_created(event, envelope, judgement)
    verdict = Verdict.objects.select_related("policy").get(asset=asset)
    assert (verdict.verdict, verdict.policy.version) == ("hold", engine.policy.version)
    assert stage.visibility(asset) == "held"
    assert dict(detectors.asked) == asked
    assert_proven(verdict)


@pytest.mark.django_db
def test_what_left_no_signals_is_tried_again_when_its_policy_is_gone(
    engine: Engine, lenient: PolicyVersion
) -> None:
    asset = stage.pending()
    event, envelope = stage.created(asset)
    judgement = prepare_asset(event, envelope)
    assert judgement is not None
    services.roll_back_policy(
        version_id=lenient.pk, viewer=stage.staff("policy_admin"), reason="too lenient"
    )
    with pytest.raises(RetryLater):
        on_asset_created(event, envelope, replace(judgement, signals=()))
    assert stage.visibility(asset) == "pending"
    on_asset_created(event, envelope, prepare_asset(event, envelope))
    assert stage.visibility(asset) == "released"
    assert Verdict.objects.get(asset=asset).policy.version == engine.policy.version
