"""What dynamic batching gains: answers a second with sixteen callers over one, model by model.

Sixteen callers also fill the gaps between calls, so a model that does not batch can gain a little
as well; `instances` and cores being the same, the rest is the batching.
"""

import io
import secrets
import time
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from PIL import Image

from moderation.core.triton import Detectors
from recommendations.core.triton import Embedder
from tests.benchmarks.figures import Result
from tests.benchmarks.stand import Stand

_CALLERS = 16
_SECONDS = 4.0
_DEADLINE = 120.0


def measure(stand: Stand) -> Result:
    """Return answers per second with one caller and sixteen, and the gain, for each model."""
    result = Result("batching")
    detectors, embedder = Detectors(settings.TRITON_GRPC_URL), Embedder(settings.TRITON_GRPC_URL)
    makers: dict[str, Callable[[], bytes]] = {
        "text_hazards": _text,
        "prompt_attack": _text,
        "image_safety": _picture,
        "image_gore": _picture,
        "image_text": _picture,
        "speech_text": _sound,
    }

    def detector(name: str, make: Callable[[], bytes]) -> Callable[[], None]:
        def call() -> None:
            (signal,) = detectors.detect(name, [make()], _DEADLINE)
            if not signal.is_available:
                raise RuntimeError(f"{name} did not answer: {signal.error}")

        return call

    def embed() -> None:
        embedder.embed([_text().decode()], _DEADLINE)

    calls = {name: detector(name, make) for name, make in makers.items()} | {
        "text_embedding": embed
    }
    with stand.paused("worker-", "consumer-"):
        for name, call in calls.items():
            call()
            alone, together = _rate(call, 1), _rate(call, _CALLERS)
            result.figures |= {
                f"batching_{name}_alone_per_s": alone,
                f"batching_{name}_together_per_s": together,
                f"batching_{name}_gain_ratio": together / alone,
            }
    return result


def _rate(call: Callable[[], None], callers: int) -> float:
    """Return the calls a second that so many callers get done."""
    ends_at = time.perf_counter() + _SECONDS

    def work(_: int) -> int:
        done = 0
        while time.perf_counter() < ends_at:
            call()
            done += 1
        return done

    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        done = sum(pool.map(work, range(callers)))
    return done / (time.perf_counter() - began)


def _text() -> bytes:
    return f"A lantern in front of the old harbour, number {secrets.randbelow(10**9)}.".encode()


def _picture() -> bytes:
    picture = Image.new("RGB", (256, 256), tuple(secrets.token_bytes(3)))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _sound() -> bytes:
    """Return a second of soft noise: transcribing is what is measured, not what is said."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(byte & 0x0F for byte in secrets.token_bytes(32_000)))
    return file.getvalue()
