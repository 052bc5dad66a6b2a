"""Tiny models of real classes, served by Triton from rendered catalogue entries."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from generation.core.backends.folders import render_model_folder
from generation.core.catalogue.files import read_entry
from generation.core.triton import Done, Generator, Media, Piece, Progress, TextPiece
from tidegate.stack import ports
from tidegate.stack.serving_env import CHECKOUT, python_of
from tidegate.stack.triton import TritonPorts, TritonServer

PROMPT = "a lighthouse at low tide"
_READY_SECONDS = 600
Parameter = dict[str, Any]


def number(name: str, default: float | None, *, maximum: float = 1000) -> Parameter:
    kind = "number" if isinstance(default, float) else "integer"
    limits: Parameter = {"minimum": 0, "maximum": maximum}
    return {"name": name, "type": kind, "description": name, "default": default} | limits


def words(name: str, *choices: int | str) -> Parameter:
    kind: Parameter = {"type": "choice", "choices": list(choices)}
    if not choices:
        kind = {"type": "text", "maximum": 200}
    return {"name": name, "description": name, "optional": True} | kind


def entry(
    name: str,
    backend: str,
    modality: str,
    options: Mapping[str, Any],
    parameters: Sequence[Parameter] = (),
    **more: Any,
) -> dict[str, Any]:
    """A catalogue entry as it would be written."""
    limits = {"prompt_characters": 500, "deadline_seconds": 60, "wait_seconds": 600}
    says = {"title": name, "description": name, "licence": "MIT", "languages": ["en"]}
    served = {"name": name, "triton_model": name, "modality": modality, "backend": backend}
    rest = {"options": dict(options), "parameters": list(parameters), "limits": limits}
    return {**says, **served, **rest, "cost_credits": 1, **more}


def build(folder: Path, *names: str) -> Path:
    """Write tiny models; return the folder that holds them."""
    program: list[str | Path] = [
        python_of(CHECKOUT),
        "-W",
        "ignore",
        "-m",
        "tests.integration.serving.tiny",
    ]
    subprocess.run(
        [*program, folder, *names],
        check=True,
        capture_output=True,
        cwd=CHECKOUT,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    return folder


@contextmanager
def serving(
    folder: Path, *entries: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Iterator[TritonServer]:
    """Render entries whose sources lie in `folder`, and serve them."""
    repository = folder / "repository"
    for written in entries:
        model = read_entry(dict(written))
        for path, text in render_model_folder(model).items():
            file = repository / model.triton_model / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    server = TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        models_dir=folder,
        repositories=[repository],
        models=[written["triton_model"] for written in entries],
        environment=environment,
    )
    try:
        server.start()
        server.wait_until_ready(_READY_SECONDS)
        yield server
    finally:
        server.stop()


def ask(
    generator: Generator,
    model: str,
    prompt: str = PROMPT,
    *,
    seed: int = 1,
    cancelled: Callable[[], bool] = lambda: False,
    deadline_seconds: float = 120,
    inputs: Mapping[str, bytes] = MappingProxyType({}),
    **parameters: Any,
) -> list[Piece]:
    pieces = list(
        generator.stream(
            model=model,
            prompt=prompt,
            parameters=parameters,
            seed=seed,
            deadline_seconds=deadline_seconds,
            cancelled=cancelled,
            inputs=inputs,
        )
    )
    check_protocol(pieces)
    return pieces


def ask_together(
    generator: Generator, model: str, seeds: Sequence[int], **parameters: Any
) -> list[list[Piece]]:
    """Ask for several outputs at the same time; each has a prompt of its own."""

    def one(seed: int) -> list[Piece]:
        return ask(generator, model, f"{PROMPT} {seed}", seed=seed, **parameters)

    with ThreadPoolExecutor(len(seeds)) as pool:
        return list(pool.map(one, seeds))


def check_protocol(pieces: Sequence[Piece]) -> None:
    """What every generator's answer looks like."""
    assert isinstance(pieces[-1], Done)
    assert pieces[-1].finish_reason in {"stop", "length"}
    assert len(pieces[-1].model_version) == 12
    assert [piece for piece in pieces if isinstance(piece, Done)] == [pieces[-1]]
    steps = [piece.step for piece in pieces if isinstance(piece, Progress)]
    assert steps == sorted(set(steps))
    assert all(1 <= p.step <= p.steps for p in pieces if isinstance(p, Progress))
    indices = [piece.index for piece in pieces if isinstance(piece, TextPiece)]
    assert indices == list(range(len(indices)))
    media = [piece for piece in pieces if isinstance(piece, Media)]
    assert [piece.rendition for piece in media].count("original") == (1 if media else 0)
    assert not media or media[0].rendition == "original"


def media_of(pieces: Sequence[Piece]) -> Media:
    """The original."""
    return next(piece for piece in pieces if isinstance(piece, Media))


def text_of(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))
