"""A gate with detectors that answer by rule, or with the real ones; everything else is real."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from moderation.core.triton import Detectors
from tests.fakes.detectors import FakeDetectors
from tests.fakes.engine import engine_around
from tidegate.stack import ports
from tidegate.stack.serving_env import CHECKOUT
from tidegate.stack.triton import TritonPorts, TritonServer

if TYPE_CHECKING:
    # A conftest is imported before Django is set up: what has tables waits for the fixtures.
    from moderation.app.engine import Engine
    from moderation.app.gate import ModerationGate


_DETECTORS = (
    "text_hazards",
    "prompt_attack",
    "prompt",
    "image_safety",
    "image_gore",
    "image_text",
    "speech_text",
)


@pytest.fixture
def detectors() -> FakeDetectors:
    """Detectors that answer by rule."""
    return FakeDetectors()


@pytest.fixture(scope="module")
def real_detectors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Detectors]:
    """Every detector, on a Triton server of its own."""
    folder = tmp_path_factory.mktemp("triton")
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    server = TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        models_dir=Path(os.environ.get("TIDEGATE_MODELS_DIR", CHECKOUT / "var" / "models")),
        models=_DETECTORS,
    )
    with server:
        asked = Detectors(server.grpc_url)
        yield asked
        asked.close()


@pytest.fixture
def engine(detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch) -> "Engine":
    """The engine of this process, with the default policy and the rule-following detectors."""
    from moderation.app import handlers, rechecking
    from moderation.app.services import organisations

    made = engine_around(detectors)
    for module in (handlers, rechecking, organisations):
        monkeypatch.setattr(module, "engine", lambda: made)
    return made


@pytest.fixture
def impatient(engine: "Engine", monkeypatch: pytest.MonkeyPatch) -> "Engine":
    """The same engine, but what cannot be judged goes to people at once."""
    from moderation.app import handlers, rechecking
    from moderation.app.configuration import configuration

    made = replace(engine, configuration=replace(configuration(), unavailable_after=0.0))
    for module in (handlers, rechecking):
        monkeypatch.setattr(module, "engine", lambda: made)
    return made


@pytest.fixture
def gate(engine: "Engine") -> "ModerationGate":
    """The gate's synchronous face."""
    from moderation.app.gate import ModerationGate

    return ModerationGate(lambda: engine)


@pytest.fixture
def in_threads() -> Callable[[list[Callable[[], object]]], list[object]]:
    """Run calls at the same moment in threads; a result is what was returned or raised."""
    from django.db import connection

    def run(calls: list[Callable[[], object]]) -> list[object]:
        barrier = Barrier(len(calls))

        def one(call: Callable[[], object]) -> object:
            barrier.wait(timeout=20)
            try:
                return call()
            except Exception as error:  # noqa: BLE001 - what was raised is the result
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(one, calls))

    return run


@pytest.fixture(autouse=True)
def every_restriction_is_explained(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that has a database: whoever was restricted in it was told why.

    What a move blocked, or held back after others saw it, has a statement of reasons; one that
    stands is about something that is blocked or held. A restriction of a person is explained once,
    not for each output.
    """
    yield
    if not {"db", "transactional_db"} & set(request.fixturenames):
        return
    from django.db.models import Q

    from moderation.app.models import Hold, Letter, Restriction, Statement
    from tidegate.assets.models import Move

    restricted = Q(after="blocked") | Q(before="released", after="held")
    for move in Move.objects.filter(restricted):
        held_for = Hold.objects.filter(asset=move.asset_id, restriction__isnull=False)
        if move.after == "held" and held_for.exists():
            continue
        assert Statement.objects.filter(asset=move.asset_id).exists(), str(move)
    for statement in Statement.objects.filter(asset__isnull=False, ended_at=None):
        assert statement.asset is not None
        assert statement.asset.visibility in {"blocked", "held"}, str(statement)
    assert not Restriction.objects.filter(statement=None).exists()
    told = Letter.objects.filter(kind="statement").values("statement")
    assert not Statement.objects.exclude(pk__in=told).exists()
