"""Two hundred ways around the gate, and harmless texts that look like them (evasions.yaml).

The gate as it is shipped: its policy, its lists, its detectors behind a real Triton.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image, ImageDraw, ImageFont

from moderation.app.engine import Engine
from moderation.app.examination import Examination, Output
from moderation.core.decisions import Verdict
from moderation.core.triton import Detectors
from moderation.core.windows import next_window
from tests.fakes.engine import engine_around

pytestmark = pytest.mark.triton

Case = Mapping[str, Any]
HARMLESS = "harmless"
DEADLINE_SECONDS = 60.0
PICTURE_SIZE = (512, 384)


def cases() -> dict[str, list[Case]]:
    """Every case by its technique; a plain text is short for `{text: ...}`."""
    path = Path(__file__).with_name("evasions.yaml")
    document: dict[str, list[Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        technique: [case if isinstance(case, dict) else {"text": case} for case in given]
        for technique, given in document.items()
    }


CASES = cases()
TECHNIQUES = [technique for technique in CASES if technique != HARMLESS]


@pytest.fixture(scope="module")
def engine(real_detectors: Detectors) -> Engine:
    return engine_around(real_detectors)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_what_was_found_once_is_found_again(engine: Engine, technique: str) -> None:
    passed = [case for case in CASES[technique] if passes(engine, case)]
    lost = [case for case in passed if not case.get("missed")]
    assert lost == [], f"{len(lost)} of {len(CASES[technique])} got through"
    found_now = [case for case in CASES[technique] if case.get("missed") and case not in passed]
    assert found_now == [], "these are found now: take their mark `missed` away"


def test_there_are_two_hundred_and_most_are_found() -> None:
    every = [case for technique in TECHNIQUES for case in CASES[technique]]
    assert len(every) >= 200
    assert sum(not case.get("missed") for case in every) / len(every) >= 0.9


def test_what_only_looks_like_it_passes(engine: Engine) -> None:
    held = [case for case in CASES[HARMLESS] if not passes(engine, case)]
    assert [case for case in held if not case.get("held")] == []
    passes_now = [case for case in CASES[HARMLESS] if case.get("held") and case not in held]
    assert passes_now == [], "these pass now: take their mark `held` away"


def passes(engine: Engine, case: Case) -> bool:
    """Whether anything of it would be seen in full: no part is held, blocked or left unjudged."""
    how: dict[str, Callable[[Engine, Case], list[Examination]]] = {
        "text": _prompt,
        "stream": _stream,
        "picture": _picture,
    }
    (kind,) = how.keys() & case.keys()  # a case is of one kind
    verdicts = {examined.decision.verdict for examined in how[kind](engine, case)}
    assert Verdict.UNAVAILABLE not in verdicts, "a detector is away"
    return verdicts == {Verdict.RELEASE}


def _prompt(engine: Engine, case: Case) -> list[Examination]:
    return [engine.examiner.text("prompt", case["text"], deadline=DEADLINE_SECONDS)]


def _stream(engine: Engine, case: Case) -> list[Examination]:
    """Examine what the gate would, piece by piece, until something is not released."""
    examined: list[Examination] = []
    text, released = "", 0
    pieces = case["stream"]
    for number, piece in enumerate(pieces, start=1):
        text += piece
        window = next_window(text, released=released, is_final=number == len(pieces))
        if window is None:
            continue
        examined.append(engine.examiner.text("text", window.text, deadline=DEADLINE_SECONDS))
        if examined[-1].decision.verdict is not Verdict.RELEASE:
            break
        released = window.releasable
    return examined


def _picture(engine: Engine, case: Case) -> list[Examination]:
    image = Image.new("RGB", PICTURE_SIZE, (235, 235, 240))
    font = ImageFont.load_default(case.get("size", 56))
    colour = tuple(case.get("colour", (20, 20, 30)))
    ImageDraw.Draw(image).multiline_text((40, 110), case["picture"], fill=colour, font=font)
    turned = image.rotate(case.get("angle", 0), fillcolor=(235, 235, 240))
    file = BytesIO()
    turned.save(file, "PNG")
    output = Output(modality="image", prompt="", text="", data=file.getvalue())
    return [engine.examiner.output(output, deadline=DEADLINE_SECONDS)]
