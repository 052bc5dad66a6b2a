"""Our own music model, asked as the worker asks it, through a real Triton."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generation.core.music.reading import read
from generation.core.triton import Done, Generator, InvalidRequest, Media, Piece, Progress
from tidegate.stack import ports
from tidegate.stack.triton import TritonPorts, TritonServer

pytestmark = pytest.mark.triton

FORMS = {
    "original": "audio/wav",
    "preview": "audio/mpeg",
    "score": "image/svg+xml",
    "notation": "text/vnd.abc",
    "midi": "audio/midi",
}


def started(folder: Path) -> TritonServer:
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    return TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        models_dir=Path("var/models"),
        models=["tidegate_music"],
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    with started(tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture
def generator(server: TritonServer) -> Iterator[Generator]:
    with Generator(server.grpc_url) as generator:
        yield generator


def play(generator: Generator, prompt: str, *, seed: int = 1, **parameters: object) -> list[Piece]:
    return list(
        generator.stream(
            model="tidegate_music",
            prompt=prompt,
            parameters=parameters,
            seed=seed,
            deadline_seconds=120,
            cancelled=lambda: False,
        )
    )


def forms(pieces: list[Piece]) -> dict[str, Media]:
    return {piece.rendition: piece for piece in pieces if isinstance(piece, Media)}


def digests(pieces: list[Piece]) -> dict[str, str]:
    return {name: hashlib.sha256(form.data).hexdigest() for name, form in forms(pieces).items()}


def test_words_become_sound_score_notation_and_midi(generator: Generator) -> None:
    pieces = play(generator, "a lively Irish jig in D", bars=8)
    found = forms(pieces)
    assert {name: form.media_type for name, form in found.items()} == FORMS
    assert isinstance(pieces[-1], Done)
    steps = [piece.step for piece in pieces if isinstance(piece, Progress)]
    assert steps == list(range(1, 11))
    abc = found["notation"].data.decode()
    assert "M:6/8" in abc
    assert "K:D\n" in abc
    assert found["original"].data[:4] == b"RIFF"
    assert found["midi"].data[:4] == b"MThd"
    root = ET.fromstring(found["score"].data)  # noqa: S314  our own engraver's
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {
        "svg",
        "g",
        "defs",
        "use",
        "path",
        "polygon",
        "polyline",
        "rect",
        "ellipse",
    } | {
        "text",
        "tspan",
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("metre", "rhythm"),
    [("9/8", None), ("2/4", "march"), ("3/4", "waltz"), ("4/4", None), (None, "air")],
)
@pytest.mark.parametrize("bars", [8, 32])
def test_every_output_can_be_read_and_keeps_its_form(
    generator: Generator, metre: str | None, rhythm: str | None, seed: int, bars: int
) -> None:
    asked = {"metre": metre, "rhythm": rhythm}
    given = {name: value for name, value in asked.items() if value is not None}
    pieces = play(generator, "悲伤的小调", seed=seed, bars=bars, instrument="piano", **given)
    abc = forms(pieces)["notation"].data.decode()
    tune = read(abc, rhythm="any", energy="any")
    assert sum(len(part.bars) for part in tune.parts) == bars
    assert tune.key.mode in {"minor", "dorian"}
    last = tune.parts[-1].bars[-1][-1]
    assert last.step is not None
    assert (last.step - tune.key.tonic_step) % 7 == 0


def test_the_same_request_gives_the_same_bytes_also_after_others_and_a_restart(
    generator: Generator, tmp_path: Path
) -> None:
    first = digests(play(generator, "a quiet air in G", seed=7))
    play(generator, "a loud reel", seed=8, instrument="banjo", bars=8)
    assert digests(play(generator, "a quiet air in G", seed=7)) == first
    assert digests(play(generator, "a quiet air in G", seed=8)) != first
    with started(tmp_path) as again, Generator(again.grpc_url) as other:
        assert digests(play(other, "a quiet air in G", seed=7)) == first


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"key": "H"}, "not a key"),
        ({"key": "C# major"}, "not a key"),
        ({"key": "B major"}, "four"),
        ({"metre": "5/4"}, "metre must be one of"),
        ({"mood": "angry"}, "mood must be one of"),
        ({"bars": 12}, "bars must be one of"),
        ({"tempo": 1000}, "tempo must be between"),
        ({"instrument": "kazoo"}, "instrument must be one of"),
        ({"rhythm": "jig", "metre": "3/4"}, "a jig has 6/8"),
        ({"volume": 11}, "unknown parameter"),
    ],
)
def test_what_cannot_be_played_is_refused(
    generator: Generator, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        play(generator, "a reel in D", **parameters)
