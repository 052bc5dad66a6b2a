"""`python -m tests.benchmarks.backends NAME…`: the batch curve of models that entries describe.

Each entry is served by a Triton of its own, once for every batch size: outputs a second, the time
of one, and what it holds in memory, on a GPU where there is one. Weights must have been fetched;
`--tiny` takes random ones of the same classes instead, which shows the way and nothing else.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from generation.core.backends.folders import write_model_folder
from generation.core.catalogue import Model, catalogue
from generation.core.catalogue.files import CatalogueRefused, read_entry
from generation.core.triton import Generator
from tests.benchmarks.figures import Result, median
from tests.integration.serving.backends import build
from tidegate.stack import ports, triton_remains
from tidegate.stack.serving_env import CHECKOUT
from tidegate.stack.triton import TritonPorts, TritonServer

_TINY = {
    "sdxl-turbo": "sdxl",
    "flux-1-schnell": "flux",
    "qwen-image": "qwen-image",
    "ltx-video": "ltx",
    "wan-2.1-1.3b": "wan",
    "musicgen-small": "musicgen",
    "qwen3-1.7b": "llama",
}
_PROMPT = "a lighthouse at low tide, number {}"
_READY_SECONDS = 1800
_DEADLINE_SECONDS = 1800
_DELAY_MS = 200


def main() -> int:
    """Measure the named entries and write `var/bench/backends.json`."""
    known = {model.name: model for model in catalogue().values() if model.backend is not None}
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.backends")
    parser.add_argument("names", nargs="+", metavar="NAME", choices=sorted(known))
    parser.add_argument("--batches", default="1,2,4", help="sizes, for example 1,2,4,8")
    parser.add_argument("--rounds", type=int, default=5, help="full batches of each size")
    parser.add_argument("--tiny", action="store_true", help="random weights of the same classes")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    var = Path(os.environ.get("TIDEGATE_VAR_DIR") or CHECKOUT / "var")
    whole = Result("backends")
    with tempfile.TemporaryDirectory() as work:
        models_dir = Path(os.environ.get("TIDEGATE_MODELS_DIR") or var / "models")
        if options.tiny:
            tiny = [_TINY[name] for name in options.names if name in _TINY]
            models_dir = build(Path(work) / "models", *tiny)
        for name in options.names:
            for size in (int(part) for part in options.batches.split(",")):
                console.rule(f"[bold]{name}, batch {size}")
                model = _sized(known[name], size, tiny=options.tiny)
                folder = Path(work) / f"{name}-{size}"
                figures = _measure(model, size, options.rounds, folder, models_dir)
                whole.figures |= {f"{name}_batch{size}_{key}": v for key, v in figures.items()}
    whole.print(console)
    whole.write(var / "bench")
    return 0


def _sized(model: Model, size: int, *, tiny: bool) -> Model:
    """The entry with another batch size, where its back-end has batches."""
    changes: dict[str, Any] = {}
    if tiny:
        changes = {"source": _TINY[model.name], "variant": None, "dtype": "auto"}
    options = {**model.options, **changes}
    written = {**model.document, "options": options}
    try:
        return read_entry(
            written | {"options": options | {"batch": size, "queue_delay_ms": _DELAY_MS}}
        )
    except CatalogueRefused:  # one that streams answers many requests at a time, or one
        return read_entry(written)


def _measure(
    model: Model, size: int, rounds: int, folder: Path, models_dir: Path
) -> dict[str, float]:
    """Serve one entry, ask it for full batches, and return what that took."""
    write_model_folder(model, folder / "repository")
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    server = TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        models_dir=models_dir,
        repositories=[folder / "repository"],
        models=[model.triton_model],
    )
    before = _gpu_mb()
    try:
        server.start()
        began = time.perf_counter()
        server.wait_until_ready(_READY_SECONDS)
        loaded = time.perf_counter() - began
        with Generator(server.grpc_url) as generator:
            _ask(generator, model, 0)  # compiles, allocates
            taken = [_round(generator, model, size, number) for number in range(rounds)]
        figures = {
            "load_s": loaded,
            "outputs_per_s": size / median(taken),
            "latency_p50_s": median(taken),
            "resident_mb": _resident_mb(server.mark),
        }
        if before is not None:
            figures["gpu_mb"] = (_gpu_mb() or 0) - before
    finally:
        server.stop()
    return figures


def _round(generator: Generator, model: Model, size: int, number: int) -> float:
    """Seconds from asking for a whole batch until the last of it is there."""
    seeds = [number * size + index + 1 for index in range(size)]
    began = time.perf_counter()
    with ThreadPoolExecutor(size) as pool:
        for future in [pool.submit(_ask, generator, model, seed) for seed in seeds]:
            future.result()
    return time.perf_counter() - began


def _ask(generator: Generator, model: Model, seed: int) -> None:
    for _ in generator.stream(
        model=model.triton_model,
        prompt=_PROMPT.format(seed),
        parameters=_defaults(model),
        seed=seed,
        deadline_seconds=_DEADLINE_SECONDS,
        cancelled=lambda: False,
    ):
        pass


def _defaults(model: Model) -> Mapping[str, object]:
    return {p.name: p.default for p in model.parameters if p.default is not None}


def _resident_mb(mark: str) -> float:
    """What the model's processes hold in memory."""
    pids = triton_remains.processes_of(mark)
    return sum(psutil.Process(pid).memory_info().rss for pid in pids) / 1e6


def _gpu_mb() -> float | None:
    """What is taken of all GPUs' memory; None where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    asked = [program, "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return sum(float(line) for line in said.split())


if __name__ == "__main__":
    sys.exit(main())
