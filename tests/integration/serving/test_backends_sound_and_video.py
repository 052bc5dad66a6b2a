"""Sound and video pipelines of the published classes, by catalogue entry, through a real Triton."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generation.core.triton import Cancelled, Generator, InvalidRequest, Media, Progress
from tests.integration.serving.backends import (
    ask,
    ask_together,
    build,
    entry,
    media_of,
    number,
    serving,
    words,
)

pytestmark = pytest.mark.triton

MUSIC = entry(
    "music",
    "transformers_audio",
    "music",
    {"source": "musicgen", "batch": 2, "queue_delay_ms": 500},
    [number("seconds", 0.5), number("guidance", 3.0), number("top_k", 16)],
)
SPEECH = entry(
    "speech",
    "transformers_audio",
    "speech",
    {"source": "vits"},
    [number("speed", 1.0), words("voice", 0, 1, 7)],
)
FILM = [number("steps", 2), number("seconds", 1.0), words("size", "32x32", "64x32")]
LTX = entry("ltx", "diffusers_video", "video", {"source": "ltx", "fps": 8}, FILM)
WAN = entry("wan", "diffusers_video", "video", {"source": "wan", "fps": 8}, FILM)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = build(tmp_path_factory.mktemp("sounds"), "musicgen", "vits", "ltx", "wan")
    with serving(folder, MUSIC, SPEECH, LTX, WAN) as server:
        yield server.grpc_url


@pytest.fixture
def generator(address: str) -> Iterator[Generator]:
    with Generator(address) as generator:
        yield generator


def differing(first: bytes, second: bytes) -> int:
    """How many bytes differ: a failure should say whether it is the last bits or the music."""
    assert len(first) == len(second)
    return sum(one != other for one, other in zip(first, second, strict=True))


def frames_of(media: Media) -> tuple[int, int, int]:
    """Channels, samples a second, and samples of a WAV."""
    with wave.open(io.BytesIO(media.data)) as file:
        assert file.getsampwidth() == 2
        return file.getnchannels(), file.getframerate(), file.getnframes()


def test_music_has_the_length_that_was_asked_for_and_tells_how_far_it_is(
    generator: Generator,
) -> None:
    pieces = ask(generator, "music", seconds=0.5)
    media = media_of(pieces)
    assert (media.media_type, media.duration_ms) == ("audio/wav", 500)
    assert frames_of(media) == (1, 16_000, 8_000)
    last = [piece for piece in pieces if isinstance(piece, Progress)][-1]
    assert last.step == last.steps


def test_music_that_is_made_together_has_the_bytes_of_music_made_alone(
    generator: Generator,
) -> None:
    together = ask_together(generator, "music", [21, 22])
    alone = [ask_together(generator, "music", [seed])[0] for seed in (21, 22)]
    for one, other in zip(together, alone, strict=True):
        assert differing(media_of(one).data, media_of(other).data) == 0
    assert media_of(together[0]).data != media_of(together[1]).data


def test_cancelled_music_stops_between_two_frames(generator: Generator) -> None:
    seen: list[object] = []
    with pytest.raises(Cancelled):
        seen.extend(
            generator.stream(
                model="music",
                prompt="waves",
                parameters={"seconds": 15.0},
                seed=1,
                deadline_seconds=300,
                cancelled=lambda: bool(seen),
            )
        )
    assert ask(generator, "music", seconds=0.1, deadline_seconds=120)


def test_speech_repeats_its_seed_and_heeds_voice_and_speed(generator: Generator) -> None:
    plain, again, other, slow = (
        media_of(ask(generator, "speech", "the tide turns", **parameters))
        for parameters in ({}, {}, {"voice": 1}, {"speed": 0.5})
    )
    assert plain.data == again.data
    assert len({plain.data, other.data, slow.data}) == 3
    assert frames_of(slow)[2] > frames_of(plain)[2]


@pytest.mark.parametrize(
    ("prompt", "parameters", "words"),
    [
        ("你好", {}, "no letters"),
        ("hello", {"voice": 7}, "range 0-2"),
        ("hello", {"voice": 5}, "voice must be one of 0, 1, 7"),
    ],
)
def test_speech_that_can_never_be_spoken_is_refused_with_the_reason(
    generator: Generator, prompt: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        ask(generator, "speech", prompt, **parameters)


@pytest.mark.parametrize("model", ["ltx", "wan"])
def test_a_video_is_made_step_by_step_with_a_poster_and_the_same_seed_has_the_same_bytes(
    generator: Generator, model: str, tmp_path: Path
) -> None:
    pieces = ask(generator, model, size="64x32", seed=2**62)
    video, poster = (piece for piece in pieces if isinstance(piece, Media))
    assert (video.media_type, video.width, video.height) == ("video/mp4", 64, 32)
    assert video.duration_ms == 1125  # 9 frames: a second is no whole number of latent frames
    assert video.data[4:8] == b"ftyp"
    assert (poster.media_type, poster.rendition) == ("image/png", "poster")
    assert [p for p in pieces if isinstance(p, Progress)] == [Progress(1, 2), Progress(2, 2)]
    again = media_of(ask(generator, model, size="64x32", seed=2**62))
    assert again.data == video.data
    assert media_of(ask(generator, model, size="64x32", seed=3)).data != video.data
