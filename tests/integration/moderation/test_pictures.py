"""Pictures that people bring along, before the gate with detectors that answer by rule."""

import hashlib
from io import BytesIO
from random import Random

import pytest
from PIL import Image

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.gate import ModerationGate
from moderation.app.models import PromptScreening
from moderation.core.hashes import pdq
from tests.fakes.detectors import NUDE, READS, SUSPECT, FakeDetectors
from tests.integration.moderation import stage
from tidegate.contracts.ports import Ruling
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


def drawn() -> bytes:
    """A picture with enough structure to be recognised by its look; always the same one."""
    blots = Image.frombytes("L", (8, 8), Random(3).randbytes(64))
    large = blots.resize((256, 256), Image.Resampling.BICUBIC)
    buffer = BytesIO()
    large.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def screen(gate: ModerationGate, image: bytes, source: bytes | None = None) -> Ruling:
    digest = hashlib.sha256(source or image).hexdigest()
    return gate.screen_image(image=image, source_sha256=digest, correlation_id=new_id())


@pytest.mark.parametrize(
    ("content", "verdict", "reasons"),
    [
        (b"", "release", ()),
        (NUDE, "block", ("sexual",)),
        (SUSPECT, "hold", ("sexual",)),
        (READS + b"a birthday card", "release", ()),
        (READS + b"hatemark", "block", ("hate",)),
        (READS + b"hatemaybe", "hold", ("hate",)),
    ],
)
def test_what_is_seen_and_read_in_a_picture_decides(
    gate: ModerationGate, content: bytes, verdict: str, reasons: tuple[str, ...]
) -> None:
    ruling = screen(gate, drawn() + content)
    assert (ruling.verdict, ruling.reasons) == (verdict, reasons)
    assert len(ruling.policy_version) == 64


@pytest.mark.parametrize("down", ["image_safety", "image_text"])
def test_a_missing_detector_is_unavailable_and_never_a_release(
    gate: ModerationGate, detectors: FakeDetectors, down: str
) -> None:
    detectors.down = {down}
    assert screen(gate, drawn()).verdict == "unavailable"


def test_words_that_cannot_be_judged_hold_the_picture(
    gate: ModerationGate, detectors: FakeDetectors
) -> None:
    detectors.down = {"text_hazards"}
    assert screen(gate, drawn()).verdict == "release"
    assert screen(gate, drawn() + READS + b"some words").verdict == "unavailable"


def test_a_listed_file_is_blocked_as_it_came_and_as_it_is_kept(gate: ModerationGate) -> None:
    kept, came = drawn(), b"the file as it was sent"
    for listed, source in ((came, came), (kept, b"another file")):
        services.add_hash(
            kind="sha256",
            value=hashlib.sha256(listed).hexdigest(),
            effect="block",
            viewer=stage.staff("policy_admin"),
            reason="asked for by a court",
        )
        assert screen(gate, kept, source).verdict == "block"


def test_a_picture_that_looks_like_a_listed_one_is_recognised(gate: ModerationGate) -> None:
    services.add_hash(
        kind="pdq",
        value=pdq(drawn()).value,
        effect="block",
        viewer=stage.staff("policy_admin"),
        reason="asked for by a court",
    )
    with Image.open(BytesIO(drawn())) as picture:
        smaller = picture.resize((200, 200))
    buffer = BytesIO()
    smaller.save(buffer, "PNG")
    assert screen(gate, buffer.getvalue()).verdict == "block"


def test_only_what_did_not_pass_leaves_a_row_with_what_was_read(gate: ModerationGate) -> None:
    screen(gate, drawn())
    assert not PromptScreening.objects.exists()
    picture = drawn() + READS + b"hatemark"
    screen(gate, picture)
    row = PromptScreening.objects.get()
    assert (row.verdict, row.modality, row.prompt) == ("block", "image", "hatemark")
    assert row.text_sha256 == hashlib.sha256(picture).hexdigest()


def test_the_detectors_are_given_the_pictures_own_deadline(
    gate: ModerationGate, engine: Engine, detectors: FakeDetectors
) -> None:
    screen(gate, drawn())
    assert detectors.deadlines == [engine.configuration.picture_deadline]
