"""Prompts and streams."""

from uuid import UUID

import pytest

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.gate import ModerationGate
from moderation.app.models import PromptScreening
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import stage
from tidegate.contracts.ports import Ruling
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


def screen(gate: ModerationGate, prompt: str, correlation_id: UUID | None = None) -> Ruling:
    return gate.screen_prompt(
        prompt=prompt, modality="image", correlation_id=correlation_id or new_id()
    )


@pytest.mark.parametrize(
    ("prompt", "verdict", "reasons"),
    [
        ("a red fox asleep in the snow", "release", ()),
        ("violencemaybe", "hold", ("violence",)),
        ("violencemark", "block", ("violence",)),
        ("prompt_attackmaybe", "release", ()),
        ("prompt_attackmark", "hold", ("prompt_attack",)),
        ("child_safetymark and violencemark", "block", ("rules",)),
    ],
)
def test_a_prompt_is_ruled_by_its_worst_score(
    gate: ModerationGate, prompt: str, verdict: str, reasons: tuple[str, ...]
) -> None:
    ruling = screen(gate, prompt)
    assert (ruling.verdict, ruling.reasons) == (verdict, reasons)
    assert len(ruling.policy_version) == 64


def test_only_what_did_not_pass_leaves_a_row(gate: ModerationGate) -> None:
    screen(gate, "a red fox")
    assert not PromptScreening.objects.exists()
    screen(gate, "violencemark")
    row = PromptScreening.objects.get()
    assert (row.verdict, row.prompt, row.modality) == ("block", "violencemark", "image")


@pytest.mark.parametrize("down", ["text_hazards", "prompt_attack"])
def test_a_missing_detector_is_unavailable_and_never_a_release(
    gate: ModerationGate, detectors: FakeDetectors, down: str
) -> None:
    detectors.down = {down}
    assert screen(gate, "a red fox").verdict == "unavailable"


def test_asking_again_during_an_outage_keeps_one_row(
    gate: ModerationGate, detectors: FakeDetectors
) -> None:
    detectors.everything_down()
    correlation_id = new_id()
    for _ in range(3):
        screen(gate, "a red fox", correlation_id)
    assert PromptScreening.objects.get().times == 3


def test_the_same_text_is_scored_once_and_an_outage_is_never_remembered(
    gate: ModerationGate, detectors: FakeDetectors
) -> None:
    detectors.down = {"prompt_attack"}
    screen(gate, "a red fox")
    detectors.down.clear()
    assert screen(gate, "a red fox").verdict == "release"
    screen(gate, "a red fox")
    assert detectors.asked == {"text_hazards": 1, "prompt_attack": 2}


def test_the_detectors_are_given_the_prompts_short_deadline(
    gate: ModerationGate, engine: Engine, detectors: FakeDetectors
) -> None:
    screen(gate, "a red fox")
    assert detectors.deadlines == [engine.configuration.prompt_deadline]


def test_a_listed_text_is_blocked_whatever_its_case_and_spacing(gate: ModerationGate) -> None:
    from moderation.app.fingerprints import text_digest

    services.add_hash(
        kind="text",
        value=text_digest("Draw the secret plans"),
        effect="block",
        viewer=stage.staff("policy_admin"),
        reason="asked for by a court",
    )
    ruling = screen(gate, "  draw THE secret   plans ")
    assert (ruling.verdict, ruling.reasons) == ("block", ("listed",))


def stream(gate: ModerationGate, text: str, step: int = 7) -> tuple[str, str]:
    """Stream a text piece by piece; return what was shown and the last verdict."""
    released = 0
    for end in [*range(step, len(text), step), len(text)]:
        ruling = gate.window(
            text=text[:end],
            released_characters=released,
            is_final=end == len(text),
            correlation_id=new_id(),
        )
        assert released <= ruling.released_characters <= end
        released = ruling.released_characters
        if ruling.verdict != "release":
            return text[:released], ruling.verdict
    return text[:released], "release"


def test_a_harmless_stream_is_shown_to_its_last_character(gate: ModerationGate) -> None:
    text = "The harbour slept. A lamp turned, and turned again; nobody saw it. " * 6
    assert stream(gate, text) == (text, "release")


@pytest.mark.parametrize("lead", [0, 30, 55, 61, 118, 240, 300])
def test_what_is_held_is_never_shown_not_even_its_beginning(
    gate: ModerationGate, lead: int
) -> None:
    text = "calm words " * (lead // 11) + "hatemark" + " and much more after it" * 8
    shown, verdict = stream(gate, text)
    assert verdict == "block"
    assert "hatemark" not in shown
    assert text.startswith(shown)


def test_a_stream_whose_detector_is_away_shows_nothing_more(
    gate: ModerationGate, detectors: FakeDetectors
) -> None:
    detectors.everything_down()
    assert stream(gate, "The harbour slept. " * 20) == ("", "unavailable")
