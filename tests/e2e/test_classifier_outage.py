"""The classifiers' server is killed under load, and stays away.

A few seconds with the other tests; `TIDEGATE_OUTAGE_SECONDS=60` for the minute that is promised.
Deadlines are shortened in proportion: those of the product fit a minute.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from moderation.core.triton import Detectors
from tests.fakes.engine import engine_around
from tests.integration.events.support import background, consuming, given_up, relaying
from tidegate.assets.deadlines import JUDGED_WITHIN_SECONDS
from tidegate.stack import ports
from tidegate.stack.broker import SESSION_TIMEOUT_MS
from tidegate.stack.processes import wait_for
from tidegate.stack.serving_env import CHECKOUT
from tidegate.stack.triton import TritonPorts, TritonServer
from tidegate.streams.config import KafkaConfig

if TYPE_CHECKING:
    from moderation.app.engine import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

MINUTE = 60.0
OUTAGE_SECONDS = float(os.environ.get("TIDEGATE_OUTAGE_SECONDS", "6"))
PER_SECOND = 4.0
# Limits only end a test that hangs.
READY_SECONDS = 300.0
SETTLE_SECONDS = 300.0
# What was answered just before the kill may still be written.
IN_FLIGHT = timedelta(seconds=1)
MODELS = ("text_hazards", "prompt_attack", "prompt")
HARMLESS = "The boats came in with the first light, and boat {} was blue."
HATEFUL = "All people from that country are vermin, they deserve to die. {}"


class Servers:
    """The classifiers' server, which can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
        self.server = TritonServer(
            ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
            var_dir=folder,
            models_dir=Path(os.environ.get("TIDEGATE_MODELS_DIR", CHECKOUT / "var" / "models")),
            models=MODELS,
        )

    def start(self) -> None:
        self.server.start()
        self.server.wait_until_ready(READY_SECONDS)

    def kill(self) -> None:
        """Kill the server as the kernel would; its keeper and its models' processes follow."""
        port = int(self.server.grpc_url.rpartition(":")[2])
        victims = [
            process
            for process in psutil.Process().children(recursive=True)
            if _listens(process, port)
        ]
        assert victims, "nobody listens at the server's address"
        for victim in victims:
            victim.send_signal(signal.SIGKILL)
        assert wait_for(lambda: not self.server.is_live(), seconds=READY_SECONDS)
        self.server.stop()


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        return any(
            getattr(one.laddr, "port", 0) == port and one.status == psutil.CONN_LISTEN
            for one in process.net_connections(kind="tcp")
        )
    except psutil.NoSuchProcess:
        return False  # some helper of another that ended meanwhile


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """The server, ready."""
    made = Servers(tmp_path)
    made.start()
    yield made
    made.server.stop()


@pytest.fixture
def engine(servers: Servers, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The gate with the real detectors and deadlines in proportion to the outage."""
    from moderation.app import handlers, rechecking

    share = min(1.0, OUTAGE_SECONDS / MINUTE)
    settings.TIDEGATE_JUDGED_WITHIN_SECONDS = {"text": JUDGED_WITHIN_SECONDS * share}
    detectors = Detectors(servers.server.grpc_url)
    made = engine_around(detectors)
    patience = made.configuration.unavailable_after * share
    made = replace(made, configuration=replace(made.configuration, unavailable_after=patience))
    for module in (handlers, rechecking):
        monkeypatch.setattr(module, "engine", lambda: made)
    yield made
    detectors.close()


def test_no_output_is_released_or_refused_while_the_classifiers_are_killed_and_all_are_decided(  # noqa: PLR0915 - one story
    broker: str, servers: Servers, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    from moderation.app.models import Case, Verdict
    from moderation.app.tasks import escalate, recheck
    from tests import factories
    from tidegate.assets.models import Asset
    from tidegate.audit.models import Entry
    from tidegate.events import registry
    from tidegate.events.models import Outbox
    from tidegate.primitives.clock import now

    project = factories.make_project()

    def load(stop: threading.Event) -> None:
        number = 0
        while not stop.wait(1.0 / PER_SECOND):
            number += 1
            words = (HATEFUL if number % 8 == 0 else HARMLESS).format(number)
            factories.make_asset(project, visibility="pending", prompt="A story.", text=words)

    def sweep(stop: threading.Event) -> None:
        """What the schedule does, more often."""
        while not stop.wait(1.0):
            escalate()
            recheck()

    def judged() -> int:
        return Verdict.objects.exclude(verdict="unavailable").count()

    config = KafkaConfig((broker,), session_timeout_ms=SESSION_TIMEOUT_MS)
    with ExitStack() as life:
        life.enter_context(relaying(config))
        life.enter_context(consuming(config, registry.listener("moderation")))
        life.enter_context(background(sweep))
        with background(load):
            assert wait_for(lambda: judged() >= 4, seconds=READY_SECONDS)
            servers.kill()
            away: datetime = now()
            before = Asset.objects.count()
            time.sleep(OUTAGE_SECONDS)
            back: datetime = now()
            waiting = Asset.objects.filter(visibility__in=["pending", "held"]).count()
            servers.start()
        made_meanwhile = Asset.objects.filter(created_at__gt=away, created_at__lt=back).count()

        def is_settled() -> bool:
            time.sleep(0.5)
            return not (
                Asset.objects.filter(visibility="pending").exists()
                or Case.objects.exclude(state="decided").filter(because__in=Case.WAITING).exists()
            )

        assert wait_for(is_settled, seconds=SETTLE_SECONDS), Counter(
            Case.objects.values_list("state", "because", "is_given_up")
        )
    assert made_meanwhile >= OUTAGE_SECONDS, "there was no load"
    assert waiting >= made_meanwhile
    written = Verdict.objects.filter(created_at__gt=away + IN_FLIGHT, created_at__lt=back)
    assert set(written.values_list("verdict", flat=True)) <= {"unavailable"}
    for visibility, ruling in (("released", "release"), ("blocked", "block")):
        moved = Asset.objects.filter(visibility=visibility)
        assert all(
            Verdict.objects.filter(asset=one, superseded_by=None, verdict=ruling).exists()
            for one in moved
        )
    outcomes = Counter(Asset.objects.values_list("visibility", flat=True))
    assert outcomes["released"] >= made_meanwhile / 2
    alarms = Outbox.objects.filter(type="tidegate.asset.overdue.v1")
    assert alarms.exists()
    assert alarms.values("key").distinct().count() == alarms.count()
    assert Entry.objects.filter(action="asset.overdue").count() == alarms.count()
    assert not given_up().exists()
    with capsys.disabled():
        sys.stdout.write(
            f"\n{OUTAGE_SECONDS:.0f} s away: {before} outputs before, {made_meanwhile} meanwhile,"
            f" {alarms.count()} alarms, {dict(outcomes)}\n"
        )
