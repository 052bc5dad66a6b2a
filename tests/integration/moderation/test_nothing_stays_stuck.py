"""Whatever fails, in whatever order: nothing is released unjudged, and nothing stays stuck.

A machine makes outputs and lets everything go wrong about them that can: detectors and storage
away, events lost, doubled or late, a consumer that dies before or after its commit, sweepers that
come when they like, people who claim, forget and decide. Every example runs on the real database
and is rolled back.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import transaction
from django.db.models import F, QuerySet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.escalating import escalate_overdue
from moderation.app.handlers import on_asset_created, prepare_asset
from moderation.app.models import Case, Verdict
from moderation.app.rechecking import judge_again
from moderation.app.selectors import overdue
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import stage
from tidegate.accounts.viewers import Viewer, system
from tidegate.assets import storage
from tidegate.assets.models import Asset, Move, Visibility
from tidegate.events.errors import RetryLater
from tidegate.events.inbox import once
from tidegate.events.models import Outbox

pytestmark = pytest.mark.django_db

CONTENTS = {
    "Still water.": "released",
    "hatemaybe": "held",
    "hatemark": "blocked",
}
ALARM = "tidegate.asset.overdue.v1"
LONG = 100_000


class ConsumerDied(Exception):
    """Its process was killed at this point."""


class Outputs(RuleBasedStateMachine):
    """Outputs on their way to a decision."""

    detectors: ClassVar[FakeDetectors]
    storage_is_away: ClassVar[list[bool]]

    @initialize()
    def begin(self) -> None:
        self.example = transaction.atomic()
        self.example.__enter__()
        self.assets: dict[object, tuple[Asset, str]] = {}
        self.on_the_way: list[Asset] = []
        self.by_people: dict[object, str] = {}
        self.reviewer: Viewer = stage.staff("reviewer")
        self.detectors.down.clear()
        self.storage_is_away[0] = False

    @rule(content=st.sampled_from(sorted(CONTENTS)), is_image=st.booleans())
    def make(self, content: str, *, is_image: bool) -> None:
        if is_image:
            asset = stage.pending(modality="image", content=f"png[reads]{content}")
        else:
            asset = stage.pending(content=content)
        self.assets[asset.pk] = (asset, content)
        self.on_the_way.append(asset)

    @rule(names=st.sets(st.sampled_from(["text_hazards", "prompt_attack", "image_text"])))
    def detectors_go_and_come(self, names: set[str]) -> None:
        self.detectors.down = set(names)

    @rule(is_away=st.booleans())
    def storage_goes_and_comes(self, *, is_away: bool) -> None:
        self.storage_is_away[0] = is_away

    @precondition(lambda self: self.on_the_way)
    @rule(
        data=st.data(), end=st.sampled_from(["handled", "dies before", "dies after", "comes again"])
    )
    def deliver(self, data: st.DataObject, end: str) -> None:
        asset = data.draw(st.sampled_from(self.on_the_way))
        is_handled = self._deliver(asset, dies_before=end == "dies before")
        if is_handled and end == "handled":
            self.on_the_way.remove(asset)

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def lose_an_event(self, data: st.DataObject) -> None:
        self.on_the_way.remove(data.draw(st.sampled_from(self.on_the_way)))

    @rule(seconds=st.sampled_from([1, 20, 50, 130, 1000]))
    def time_passes(self, seconds: int) -> None:
        _let_pass(seconds)

    @rule()
    def sweep(self) -> None:
        escalate_overdue()
        found = overdue(system("sweeper"))
        assert found.count == found.escalated

    @rule()
    def judge_what_waits(self) -> None:
        judge_again()

    @precondition(lambda _: _undecided().exists())
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(list(_undecided())))
        services.claim_case(case_id=case.pk, viewer=self.reviewer)

    @precondition(lambda _: _undecided().exists())
    @rule(data=st.data(), outcome=st.sampled_from(["release", "block"]))
    def decide(self, data: st.DataObject, outcome: str) -> None:
        self._decide(data.draw(st.sampled_from(list(_undecided()))), outcome)

    @invariant()
    def nothing_is_seen_or_refused_without_a_verdict_or_a_person(self) -> None:
        if not hasattr(self, "assets"):
            return
        for pk, (asset, _) in self.assets.items():
            seen = stage.visibility(asset)
            if seen in {"pending", "held"}:
                assert pk not in self.by_people
                continue
            ruling = "release" if seen == "released" else "block"
            if pk in self.by_people:
                assert self.by_people[pk] == ruling
            else:
                valid = Verdict.objects.filter(asset=asset, superseded_by=None)
                assert [one.verdict for one in valid] == [ruling]

    @invariant()
    def what_is_held_is_somebodys_work_and_alarms_are_given_once(self) -> None:
        if not hasattr(self, "assets"):
            return
        for asset, _ in self.assets.values():
            cases = Case.objects.filter(asset=asset).exclude(state="decided").count()
            assert cases == (1 if stage.visibility(asset) == "held" else 0)
            alarms = Outbox.objects.filter(key=str(asset.pk), type=ALARM).count()
            assert alarms <= 1

    def teardown(self) -> None:
        """The faults end, and only then is the example rolled back."""
        if not hasattr(self, "assets"):
            return
        try:
            self._come_to_rest()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    def _come_to_rest(self) -> None:
        self.detectors.down.clear()
        self.storage_is_away[0] = False
        _let_pass(LONG)
        for _ in range(3):
            escalate_overdue()
            judge_again()
            _let_pass(LONG)
        for asset in list(self.on_the_way):
            self._deliver(asset, dies_before=False)
        for pk, (asset, content) in self.assets.items():
            if pk in self.by_people:
                continue
            case = _undecided().filter(asset=asset).first()
            is_with_people = case is not None and (case.is_given_up or case.state == "claimed")
            assert is_with_people or stage.visibility(asset) == CONTENTS[content]
        for case in list(_undecided()):
            self._decide(case, "release")
        self.nothing_is_seen_or_refused_without_a_verdict_or_a_person()
        assert {stage.visibility(asset) for asset, _ in self.assets.values()} <= {
            "released",
            "blocked",
        }
        for before, after in Move.objects.exclude(before="").values_list("before", "after"):
            assert after in Asset.MOVES[Visibility(before)]

    def _deliver(self, asset: Asset, *, dies_before: bool) -> bool:
        """Do what the consumer's process does with an event; say whether it was handled."""
        event, envelope = stage.created(asset)
        try:
            judgement = prepare_asset(event, envelope)
        except RetryLater:
            return False
        try:
            with once(consumer="moderation", event_id=envelope.id) as is_new:
                if is_new:
                    on_asset_created(event, envelope, judgement)
                _live_on(not dies_before)
        except ConsumerDied:
            return False
        return True

    def _decide(self, case: Case, outcome: str) -> None:
        services.decide_case(
            case_id=case.pk, action=outcome, viewer=self.reviewer, reason="I have looked."
        )
        self.by_people[case.asset_id] = outcome


def _live_on(lives: bool) -> None:  # noqa: FBT001 - the only question
    if not lives:
        raise ConsumerDied


def _undecided() -> QuerySet[Case]:
    return Case.objects.exclude(state="decided").order_by("created_at", "id")


def _let_pass(seconds: int) -> None:
    """Move everything that happened into the past."""
    gone = timedelta(seconds=seconds)
    Asset.objects.update(created_at=F("created_at") - gone, judge_by=F("judge_by") - gone)
    Case.objects.filter(retry_at__isnull=False).update(retry_at=F("retry_at") - gone)
    Case.objects.filter(state="claimed").update(lease_expires_at=F("lease_expires_at") - gone)


def test_no_state_is_final_but_the_final_ones(
    engine: Engine, detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = [False]
    read: Callable[[str], bytes] = storage.read

    def sometimes(sha256: str) -> bytes:
        if away[0]:
            raise OSError("the storage is away")
        return read(sha256)

    monkeypatch.setattr(storage, "read", sometimes)
    Outputs.detectors, Outputs.storage_is_away = detectors, away
    # Texts are judged anew each time: what was remembered would hide an outage.
    monkeypatch.setattr(engine.examiner._memo, "get", lambda _: None)
    run_state_machine_as_test(
        Outputs,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
