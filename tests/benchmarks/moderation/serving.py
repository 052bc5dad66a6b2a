"""The real Triton, with nothing but what is measured."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from generation.core.triton import Generator
from moderation.app.examination import Asks
from moderation.core.triton import Detectors
from recommendations.core.triton import Embedder
from tidegate.stack import ports
from tidegate.stack.serving_env import CHECKOUT
from tidegate.stack.triton import REPOSITORIES, TritonPorts, TritonServer

_DETECTORS = (
    "text_hazards",
    "prompt_attack",
    "image_safety",
    "image_gore",
    "image_text",
    "speech_text",
)
_MODELS = (*_DETECTORS, "prompt", "text_embedding", "kokoro_speech")
_HEAD = Path("text_hazards", "1", "head.safetensors")
_EMBED_SECONDS = 600.0

Embeds = Callable[[list[str]], list[list[float]]]


@dataclass(frozen=True, slots=True)
class Servers:
    """What is asked: detectors, sentence vectors, and the voice that speaks for the recordings.

    `generator` None: no recordings, and no pictures, are measured.
    """

    detectors: Asks
    embed: Embeds
    generator: Generator | None = field(default=None)


@contextmanager
def triton(var: Path, head: Path | None = None) -> Iterator[Servers]:
    """Run Triton around a block; weights are in `var`, unless TIDEGATE_MODELS_DIR says where.

    `head` takes the place of the shipped head of text_hazards, in a copy of its repository.
    """
    with TemporaryDirectory(prefix="tidegate-bench-") as home:
        folder = Path(home)
        chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
        server = TritonServer(
            ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
            var_dir=folder,
            models_dir=Path(os.environ.get("TIDEGATE_MODELS_DIR") or var / "models"),
            repositories=_repositories(folder, head),
            models=_MODELS,
        )
        detectors, embedder = Detectors(server.grpc_url), Embedder(server.grpc_url)
        with server, Generator(server.grpc_url) as generator:
            try:
                yield Servers(
                    detectors, lambda texts: embedder.embed(texts, _EMBED_SECONDS), generator
                )
            finally:
                embedder.close()
                detectors.close()


def _repositories(folder: Path, head: Path | None) -> list[Path]:
    shipped = [CHECKOUT / name for name in REPOSITORIES]
    if head is None:
        return shipped
    copies = [folder / "serving" / path.parent.name for path in shipped]
    for path, copy in zip(shipped, copies, strict=True):
        shutil.copytree(path, copy)
    (there,) = (copy / _HEAD for copy in copies if (copy / _HEAD).exists())
    shutil.copyfile(head, there)
    return copies
