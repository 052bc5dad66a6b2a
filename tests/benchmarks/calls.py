"""One call through the platform, and the same call made directly with the Triton client."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from generation.core.triton import Generator
from generation.core.wire import TextPiece
from tests.benchmarks.stand import Client


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked for. `model` is the catalogue's name, `triton_model` the server's."""

    model: str
    triton_model: str
    prompt: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def through(client: Client, call: Call, seed: int) -> float:
    """Return the seconds from the request until the stream says that the job succeeded.

    It returns when the verdict is in, too: the detectors would take the cores from the next call.
    """
    began = time.perf_counter()
    job = client.ask(call.model, call.prompt, seed=seed, **call.parameters)
    taken = 0.0
    for kind, data in client.events(job["id"]):
        if kind == "state" and not taken:
            state = json.loads(data)["state"]
            if state == "succeeded":
                taken = time.perf_counter() - began
            elif state in {"failed", "refused", "cancelled"}:
                raise RuntimeError(f"the job {state}: {client.job(job['id'])}")
    if not taken:
        raise RuntimeError(f"the stream of job {job['id']} ended early")
    return taken


def directly(generator: Generator, call: Call, seed: int) -> float:
    """Return the seconds from the request until its last piece."""
    began = time.perf_counter()
    for _ in generator.stream(
        model=call.triton_model,
        prompt=call.prompt,
        parameters=call.parameters,
        seed=seed,
        deadline_seconds=600.0,
        cancelled=lambda: False,
    ):
        pass
    return time.perf_counter() - began


def first_words(client: Client, call: Call, seed: int) -> tuple[float, int] | None:
    """Return the seconds until the first words that passed the gate, and how many characters.

    None when none passed: a small model sometimes writes what a person has to look at.
    """
    began = time.perf_counter()
    job = client.ask(call.model, call.prompt, seed=seed, **call.parameters)
    found: tuple[float, int] | None = None
    for kind, data in client.events(job["id"]):
        words = ""
        if kind == "text":
            words = json.loads(data)["text"]
        elif kind == "state":
            words = json.loads(data).get("released_text") or ""
        if words and found is None:
            found = time.perf_counter() - began, len(words)
    return found


def arrivals(generator: Generator, call: Call, seed: int, counts: Sequence[int]) -> list[float]:
    """Return for each count the seconds until so many characters have come, called directly.

    A text that is shorter has come when it ends.
    """
    began = time.perf_counter()
    received: list[tuple[int, float]] = [(0, 0.0)]
    for piece in generator.stream(
        model=call.triton_model,
        prompt=call.prompt,
        parameters=call.parameters,
        seed=seed,
        deadline_seconds=600.0,
        cancelled=lambda: False,
    ):
        if isinstance(piece, TextPiece):
            at = time.perf_counter() - began
            received.append((received[-1][0] + len(piece.text), at))
    return [
        next((at for characters, at in received if characters >= count), received[-1][1])
        for count in counts
    ]
