"""Who is named, quoted or taken at an everyday word is not refused (named.yaml).

The gate as it is shipped: its policy, its lists, its detectors behind a real Triton.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from moderation.app.engine import Engine
from moderation.core.decisions import Verdict
from moderation.core.surfaces import Surface
from moderation.core.triton import Detectors
from tests.fakes.engine import engine_around

pytestmark = pytest.mark.triton

DEADLINE_SECONDS = 60.0
MOST_HELD = 0.10


def sentences() -> dict[str, bool]:
    """Every sentence, and whether it is marked as held."""
    path = Path(__file__).with_name("named.yaml")
    document: Mapping[str, list[Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    every = [one for kind in document.values() for one in kind]
    return {
        (one["text"] if isinstance(one, dict) else one): isinstance(one, dict) and one["held"]
        for one in every
    }


SENTENCES = sentences()


@pytest.fixture(scope="module")
def engine(real_detectors: Detectors) -> Engine:
    return engine_around(real_detectors)


@pytest.mark.parametrize("surface", ["prompt", "text"])
def test_none_is_refused_and_no_more_are_held(engine: Engine, surface: Surface) -> None:
    verdicts = {
        sentence: engine.examiner.text(
            surface, sentence, deadline=DEADLINE_SECONDS
        ).decision.verdict
        for sentence in SENTENCES
    }
    assert Verdict.UNAVAILABLE not in verdicts.values(), "a detector is away"
    assert [one for one, verdict in verdicts.items() if verdict is Verdict.BLOCK] == []
    held = {one for one, verdict in verdicts.items() if verdict is not Verdict.RELEASE}
    marked = {one for one, is_held in SENTENCES.items() if is_held}
    assert sorted(held - marked) == [], "these were released before"
    assert sorted(marked - held) == [], "these pass now: take their mark `held` away"


def test_there_are_enough_and_few_of_them_are_held() -> None:
    assert len(SENTENCES) >= 40
    assert sum(SENTENCES.values()) / len(SENTENCES) <= MOST_HELD
