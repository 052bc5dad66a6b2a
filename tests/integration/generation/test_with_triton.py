"""Jobs through the real Triton server and its default models."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generation.app import board, runner
from generation.app.models import Job
from generation.core.catalogue import catalogue
from generation.core.triton import Generator
from generation.core.wire import Piece, TextPiece
from tests.fakes.gate import FakeGate
from tests.integration.generation.maker import Maker
from tidegate.assets import storage
from tidegate.assets.models import Asset, Rendition
from tidegate.stack import ports
from tidegate.stack.triton import TritonPorts, TritonServer

pytestmark = [pytest.mark.triton, pytest.mark.django_db(transaction=True)]

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generator]:
    """The default models behind a server of their own."""
    folder = tmp_path_factory.mktemp("triton")
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    server = TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        models_dir=Path(os.environ.get("TIDEGATE_MODELS_DIR", CHECKOUT / "var" / "models")),
        models=sorted({m.triton_model for m in catalogue().values() if m.backend is None}),
    )
    with server, Generator(server.grpc_url) as connected:
        yield connected


@pytest.fixture(autouse=True)
def quiet_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody follows these jobs."""
    monkeypatch.setattr(board, "publish", lambda *_: None)


@pytest.mark.parametrize(
    ("wanted", "media_type", "magic"),
    [
        (
            {"model_name": "smollm2-135m", "parameters": {"max_tokens": 24}},
            "text/plain",
            b"",
        ),
        ({"model_name": "kokoro-82m", "prompt": "Good morning."}, "audio/wav", b"RIFF"),
        (
            {"model_name": "tidegate-image", "parameters": {"steps": 5}},
            "image/png",
            b"\x89PNG\r\n\x1a\n",
        ),
        ({"model_name": "tidegate-music", "prompt": "A jig in D."}, "audio/wav", b"RIFF"),
    ],
    ids=["text", "speech", "image", "music"],
)
def test_the_same_request_and_seed_give_the_same_bytes(
    maker: Maker,
    generator: Generator,
    wanted: dict[str, Any],
    media_type: str,
    magic: bytes,
) -> None:
    digests = set()
    for _ in range(2):
        job = maker.asks(seed=11, **wanted)
        assert runner.run_next(modality=job.modality, generator=generator)
        job.refresh_from_db()
        assert (job.state, job.error_detail) == (Job.State.SUCCEEDED, "")
        asset = Asset.objects.get(job_id=job.pk)
        original = Rendition.objects.get(asset=asset, kind="original")
        assert original.media_type == media_type
        data = storage.read(original.blob_id)
        assert data.startswith(magic)
        assert len(data) > 20
        assert asset.model_version
        if media_type == "text/plain":
            assert asset.text.encode() == data
            assert job.released_text.strip() == asset.text
        digests.add(original.blob_id)
    assert len(digests) == 1


class Listening:
    """The generator, with a count of what came from it."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.heard = 0
        self.is_closed = False

    def stream(self, **asked: Any) -> Iterator[Piece]:
        pieces = self._generator.stream(**asked)
        try:
            for piece in pieces:
                self.heard += isinstance(piece, TextPiece)
                yield piece
        finally:
            pieces.close()  # type: ignore[attr-defined]
            self.is_closed = True


def test_a_blocked_text_cancels_its_request_within_a_window(
    maker: Maker, gate: FakeGate, generator: Generator
) -> None:
    gate.window_verdict = lambda text: "block" if len(text) > 100 else "release"
    # A short answer would end before it is blocked.
    job = maker.asks(
        "Write a long story about a lighthouse keeper, his daughter and the storm of 1703.",
        model_name="smollm2-135m",
        seed=3,
        parameters={"max_tokens": 256},
    )
    listening = Listening(generator)
    assert runner.run_next(modality="text", generator=listening)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "output_blocked")
    assert job.released_text == ""
    assert listening.is_closed
    # 160 characters are the window that was blocked; a token has at least one.
    assert 0 < listening.heard < 161
    assert len(gate.windows[-1][0]) <= 180
    assert not Asset.objects.filter(job_id=job.pk).exists()
