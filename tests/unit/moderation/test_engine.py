"""An engine under another policy: what was asked once is not asked again."""

import re

from moderation.core import policy as policies
from tests.fakes.detectors import FakeDetectors
from tests.fakes.engine import engine_around


def test_another_policy_judges_the_signals_that_are_remembered() -> None:
    detectors = FakeDetectors()
    engine = engine_around(detectors)
    source = engine.policy.source
    lenient = re.sub(r"hate: \{hold_at: [0-9.]+", "hate: {hold_at: 0.97", source)
    assert lenient != source
    other = engine.under(policies.parse(lenient))

    first = engine.examiner.text("text", "hatemaybe", deadline=1.0)
    second = other.examiner.text("text", "hatemaybe", deadline=1.0)

    assert detectors.asked["text_hazards"] == 1
    assert first.findings[0].signals == second.findings[0].signals
    assert second.decision.policy_version == other.policy.version != engine.policy.version
    assert (first.decision.verdict, second.decision.verdict) == ("hold", "release")


def test_an_engine_under_its_own_policy_is_itself() -> None:
    engine = engine_around(FakeDetectors())
    assert engine.under(engine.policy) is engine
