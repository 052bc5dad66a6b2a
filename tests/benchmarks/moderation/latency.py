"""How long detectors and the policy take, one item after the other."""

import random
from collections.abc import Sequence
from io import BytesIO
from time import perf_counter

from PIL import Image, ImageDraw, ImageFont

from generation.core.triton import Generator, Media
from moderation.app.examination import Examiner, Output
from moderation.core.policy import Policy, evaluate
from tests.benchmarks.figures import percentile
from tests.benchmarks.moderation.judging import DEADLINE_SECONDS, DetectorsUnavailable, Judged
from tests.benchmarks.moderation.reading import Item

_TEXTS = 200
_PICTURES = 40
_EVALUATIONS = 5_000
_PICTURE_SIZE = 512
_WORDS = ("", "OPEN DAILY", "Fresh bread", "harbour", "2 for 1", "platform nine")
_SPOKEN = (
    "A lighthouse stands at the end of the harbour.",
    "Bread is baked every morning before the market opens.",
    "The train to the coast leaves from platform nine.",
    "Two friends walk along the beach and look for shells.",
    "In autumn the leaves turn red, and children collect them.",
    "The library is quiet, and rain falls against the windows.",
)


def of_texts(gate: Examiner, items: Sequence[Item], seed: int) -> dict[str, float]:
    """Return ms of whole examinations of texts that the detectors have not seen yet."""
    drawn = random.Random(seed).sample(list(items), min(_TEXTS + 1, len(items)))
    taken = [gate.text(one.surface, one.text, deadline=DEADLINE_SECONDS).seconds for one in drawn]
    return _figures("text", taken[1:] or taken)  # the first opens the connection


def of_pictures(gate: Examiner, seed: int) -> dict[str, float]:
    """Return ms of whole examinations of drawn pictures, most with a few words in them."""
    return _media(gate, "image", [_picture(number, seed) for number in range(_PICTURES + 1)])


def of_recordings(gate: Examiner, generator: Generator, seed: int) -> dict[str, float]:
    """Return ms of whole examinations of sentences that the default voice speaks."""
    return _media(gate, "speech", [_spoken(generator, text, seed) for text in _SPOKEN])


def of_policy(policy: Policy, judged: Sequence[Judged], seed: int) -> dict[str, float]:
    """Return ms of `evaluate` on the signals that were given."""
    some = random.Random(seed).sample(list(judged), min(_EVALUATIONS, len(judged)))
    taken = []
    for one in some:
        began = perf_counter()
        evaluate(
            policy,
            surface=one.item.surface,
            signals=one.finding.signals,
            list_hits=one.finding.list_hits,
        )
        taken.append(perf_counter() - began)
    return _figures("policy", taken)


def _media(gate: Examiner, modality: str, contents: Sequence[bytes]) -> dict[str, float]:
    taken = []
    for content in contents:
        seen = gate.output(Output(modality, "", "", content), deadline=DEADLINE_SECONDS)
        for signal in seen.findings[0].signals:
            if signal.error is not None:
                raise DetectorsUnavailable(f"{signal.detector}: {signal.error}")
        taken.append(seen.seconds)
    return _figures(modality, taken[1:])  # the first loads what is loaded late


def _figures(name: str, seconds: Sequence[float]) -> dict[str, float]:
    milliseconds = [1000 * one for one in seconds]
    return {
        f"latency_{name}_count": len(milliseconds),
        f"latency_{name}_p50_ms": percentile(milliseconds, 0.50),
        f"latency_{name}_p95_ms": percentile(milliseconds, 0.95),
    }


def _picture(number: int, seed: int) -> bytes:
    rng = random.Random(seed + number)
    size = _PICTURE_SIZE
    image = Image.new("RGB", (size, size), _colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = rng.randrange(size - 100), rng.randrange(size - 100)
        edge = (left, top, left + rng.randrange(20, 100), top + rng.randrange(20, 100))
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(edge, fill=_colour(rng))
    font = ImageFont.load_default(size=size // 10)
    draw.text((size // 10, size // 2), _WORDS[number % len(_WORDS)], fill="black", font=font)
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def _colour(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(120, 256), rng.randrange(120, 256), rng.randrange(120, 256)


def _spoken(generator: Generator, text: str, seed: int) -> bytes:
    pieces = generator.stream(
        model="kokoro_speech",
        prompt=text,
        parameters={},
        seed=seed,
        deadline_seconds=DEADLINE_SECONDS,
        cancelled=lambda: False,
    )
    (data,) = [piece.data for piece in pieces if isinstance(piece, Media)]
    return data
