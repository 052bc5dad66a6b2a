"""A gate with detectors that answer by rule; everything else is real."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from moderation.core import policy as policies
from moderation.core import wordlists
from tests.fakes.detectors import FakeDetectors

if TYPE_CHECKING:
    # A conftest is imported before Django is set up: what has tables waits for the fixtures.
    from moderation.app.engine import Engine
    from moderation.app.gate import ModerationGate


@pytest.fixture
def detectors() -> FakeDetectors:
    """Detectors that answer by rule."""
    return FakeDetectors()


@pytest.fixture
def engine(detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch) -> "Engine":
    """The engine of this process, with the default policy and the rule-following detectors."""
    from moderation.app import engine as engines
    from moderation.app import handlers, rechecking

    words = wordlists.load()
    made = engines.build(
        policy=policies.load(lists_digest=words.digest), words=words, detectors=detectors
    )
    for module in (handlers, rechecking):
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
