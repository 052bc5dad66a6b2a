"""The Triton Inference Server of the one-machine stack, as a child process.

The server comes from the `nvidia-pytriton` wheel in the serving environment. It runs each model in
a process of its own (a "stub"); this module makes sure that none of those, nor their shared
memory, outlives the server, however the server ended.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tidegate.stack import serving_env, triton_install, triton_remains
from tidegate.stack.processes import Child, Program, describe_exit, tail

if TYPE_CHECKING:
    from moderation.core.guards.entries import GuardEntry

LOOPBACK = "127.0.0.1"
REPOSITORIES = ("generation/serving", "moderation/serving", "recommendations/serving")

_HTTP_TIMEOUT_SECONDS = 2.0
_PROCESSOR = Path("/proc/cpuinfo")
_AVX512 = {"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq"}
# It leaves only after its models' processes have.
_GRACE_SECONDS = 20.0


class TritonUnavailable(RuntimeError):
    """Triton could not be started, or ended; the message says where its log is."""


@dataclass(frozen=True, slots=True)
class TritonPorts:
    """The loopback ports of one server."""

    grpc: int
    http: int
    metrics: int


@dataclass(frozen=True, slots=True)
class ModelState:
    """What Triton says of one model: `READY`, `LOADING`, `UNAVAILABLE`, … and why."""

    name: str
    state: str
    reason: str


class TritonServer:
    """One server over the model repositories of a checkout.

    A supervisor calls `prepare()`, runs `command()` with `environment()` in a session of its own,
    asks `is_ready()` and `model_states()`, ends it with SIGTERM, and calls `clean_up()` when it has
    ended, in whatever way. Tests use it as a context manager, which does all that.

    Args:
        ports: Where to listen, on the loopback address only.
        var_dir: The checkout's folder for data; Triton writes below `triton/` and `log/`.
        root: The checkout.
        models_dir: The folder of the weights, `VAR/models` by default.
        models: The names to load; by default every model folder of the repositories, except those
            that the catalogue loads on demand.
        environment: Added to the server's and so to the models' environment.
        guards: Guard models, whose folders are written when it starts.
    """

    def __init__(
        self,
        *,
        ports: TritonPorts,
        var_dir: Path,
        root: Path = serving_env.CHECKOUT,
        models_dir: Path | None = None,
        repositories: Sequence[Path] | None = None,
        models: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        guards: Sequence[GuardEntry] = (),
    ) -> None:
        self._ports = ports
        self._root = root
        self._folder = (var_dir / "triton").resolve()
        self._log = (var_dir / "log" / "triton.log").resolve()
        self._models_dir = (models_dir or var_dir / "models").resolve()
        folders = repositories or [root / name for name in REPOSITORIES]
        self._repositories = [folder for folder in folders if folder.is_dir()]
        self._models = tuple(models or models_in(self._repositories))
        # What catalogue entries describe is written here and loaded on demand.
        self._catalogue = self._folder / "catalogue"
        if repositories is None:
            self._repositories.append(self._catalogue)
        self._guards = tuple(guards)
        self._guards_folder = self._folder / "guards"
        if self._guards:
            self._repositories.append(self._guards_folder)
            self._models += tuple(guard.name for guard in self._guards)
        self._extra = dict(environment or {})
        # One machine may run several servers (a stack's, a test's), each in a folder of its own.
        self._mark = triton_remains.mark_of(self._folder)
        self._child: Child | None = None

    @property
    def grpc_url(self) -> str:
        """HOST:PORT for a Triton gRPC client."""
        return f"{LOOPBACK}:{self._ports.grpc}"

    @property
    def http_url(self) -> str:
        """Address of the HTTP endpoint (health, repository)."""
        return f"http://{LOOPBACK}:{self._ports.http}"

    @property
    def metrics_url(self) -> str:
        """Address of the Prometheus metrics."""
        return f"http://{LOOPBACK}:{self._ports.metrics}/metrics"

    @property
    def models(self) -> tuple[str, ...]:
        """The names that are loaded."""
        return self._models

    @property
    def log_file(self) -> Path:
        """Where the server and the models write."""
        return self._log

    def prepare(self) -> None:
        """Assemble the backend, and end what an earlier server on this mark has left behind.

        Raises:
            TritonUnavailable: the serving environment is missing or has no stub for its Python.
        """
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._catalogue.mkdir(parents=True, exist_ok=True)
        if self._guards:
            from moderation.core.guards.entries import write_folders

            write_folders(self._guards, self._guards_folder)
        try:
            triton_install.assemble(self._root, self._folder)
        except triton_install.ServerMissing as exc:
            raise TritonUnavailable(str(exc)) from exc
        self.clean_up()

    def command(self) -> list[str]:
        """The program and its arguments."""
        options = {
            "backend-directory": str(triton_install.backends_in(self._folder)),
            "model-control-mode": "explicit",
            "grpc-address": LOOPBACK,
            "grpc-port": str(self._ports.grpc),
            "http-address": LOOPBACK,
            "http-port": str(self._ports.http),
            "metrics-address": LOOPBACK,
            "metrics-port": str(self._ports.metrics),
            # One model that cannot load must not take the others away: it is reported by name.
            "exit-on-error": "false",
            "exit-timeout-secs": "15",
            "pinned-memory-pool-byte-size": "0",
        }
        command = [str(triton_install.server_program(self._root))]
        command += [f"--{name}={value}" for name, value in options.items()]
        command += [
            f"--backend-config=python,shm-region-prefix-name={triton_remains.region_prefix(self._mark)}"
        ]
        command += [f"--model-repository={folder}" for folder in self._repositories]
        command += [f"--load-model={name}" for name in self._models]
        return command

    def program(self) -> Program:
        """The server as a guarded process: it ends when the process that started it does."""
        return Program(
            command=tuple(self.command()),
            environment=self.environment(),
            directory=self._root,
            log=self._log,
            grace_seconds=_GRACE_SECONDS,
        )

    def environment(self) -> dict[str, str]:
        """The whole environment of the server and of its models."""
        bin_folder = serving_env.folder_of(self._root) / "bin"
        inherited = {
            name: value
            for name, value in os.environ.items()
            # The application's interpreter settings must not reach the models' interpreter.
            if name not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_PRELOAD"}
        }
        return (
            inherited
            | {
                "PATH": f"{bin_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
                "VIRTUAL_ENV": str(bin_folder.parent),
                "LD_LIBRARY_PATH": triton_install.library_path(self._root),
                "PYTHONPATH": str(self._root),
                "PYTHONUNBUFFERED": "1",
                "PYTHONHASHSEED": "0",
                "TIDEGATE_MODELS_DIR": str(self._models_dir),
                # Models set their own thread counts; a library's default would take every core.
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                # A heap per thread would never give back what short-lived threads had.
                "MALLOC_ARENA_MAX": "2",
                "TOKENIZERS_PARALLELISM": "false",
                # Weights are fetched beforehand; an operator may allow a load to do it.
                "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1"),
                triton_remains.MARK_VARIABLE: self._mark,
            }
            | _instructions()
            | self._extra
        )

    def is_ready(self) -> bool:
        """Whether the server answers and every model that it was started for is ready."""
        states = self.model_states()
        return bool(states) and all(state.state == "READY" for state in states.values())

    def is_live(self) -> bool:
        """Whether the server answers at all; some models may be missing."""
        return self._ask("GET", "/v2/health/live") is not None

    def model_states(self) -> Mapping[str, ModelState]:
        """Each wanted model's state; empty while the server does not answer."""
        body = self._ask("POST", "/v2/repository/index")
        if body is None:
            return {}
        known = {item["name"]: item for item in json.loads(body)}
        return {
            name: ModelState(
                name,
                known.get(name, {}).get("state", "UNAVAILABLE"),
                known.get(name, {}).get("reason", ""),
            )
            for name in self._models
        }

    def start(self) -> None:
        """Start the server as this process's child and return at once.

        Raises:
            TritonUnavailable: it cannot be started.
        """
        self.prepare()
        self._child = Child.start(self.program())

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Wait for every model.

        Raises:
            TritonUnavailable: the server ended, a model cannot be loaded, or the time is over.
        """
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            code = None if self._child is None else self._child.exit_code()
            if code is not None:
                raise TritonUnavailable(f"Triton ended ({describe_exit(code)}):\n{tail(self._log)}")
            states = self.model_states()
            broken = [s for s in states.values() if s.state == "UNAVAILABLE" and s.reason]
            if broken:
                said = "; ".join(f"{s.name}: {s.reason}" for s in broken)
                raise TritonUnavailable(f"models cannot be loaded: {said}; see {self._log}")
            if states and all(s.state == "READY" for s in states.values()):
                return
            time.sleep(0.25)
        raise TritonUnavailable(f"Triton was not ready in {timeout_seconds:.0f} s; see {self._log}")

    def stop(self) -> None:
        """End the server, wait for it and its stubs, and remove their shared memory."""
        child, self._child = self._child, None
        if child is not None:
            child.stop()
        self.clean_up()

    def clean_up(self) -> None:
        """End stubs that outlived their server and remove the shared memory of dead servers."""
        triton_remains.end_processes(self._mark)
        triton_remains.remove_shared_memory()

    @property
    def mark(self) -> str:
        """What every process and shared memory region of this server carries."""
        return self._mark

    @property
    def pid(self) -> int | None:
        """The process started by `start`, or None."""
        return None if self._child is None else self._child.pid

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_until_ready(600)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _ask(self, method: str, path: str) -> bytes | None:
        """One HTTP answer's body; None when there is no good answer."""
        connection = HTTPConnection(LOOPBACK, self._ports.http, timeout=_HTTP_TIMEOUT_SECONDS)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()
        return body if answer.status == 200 else None  # noqa: PLR2004  the one good status


def _instructions() -> dict[str, str]:
    """Let CTranslate2 use AVX-512 where the processor has all of it that it needs.

    By itself it stops at AVX2, out of regard for processors that slow down under AVX-512; its
    matrices use it anyway. A prompt's vector took 3.4 ms with it, 4.0 ms without.
    """
    try:
        flags = set(
            _PROCESSOR.read_text("utf-8").partition("\nflags")[2].partition("\n")[0].split()
        )
    except OSError:
        return {}
    return {"CT2_FORCE_CPU_ISA": "AVX512"} if flags >= _AVX512 else {}


def models_in(repositories: Sequence[Path]) -> list[str]:
    """Return the model folders of the repositories that a server starts with, sorted.

    Those that the catalogue offers only on demand are loaded by the first request.
    """
    # Read here, not at import: the command line answers without it.
    from generation.core.catalogue import catalogue

    starts: dict[str, bool] = {}
    for model in catalogue().values():
        is_needed = model.is_enabled and model.loading.when == "start"
        starts[model.triton_model] = starts.get(model.triton_model, False) or is_needed
    return sorted(
        file.parent.name
        for folder in repositories
        for file in folder.glob("*/config.pbtxt")
        if _is_whole(file) and starts.get(file.parent.name, True)
    )


def _is_whole(config: Path) -> bool:
    """Whether a model's code is there; an ensemble has none."""
    return any(config.parent.glob("[0-9]*/model.py")) or 'platform: "ensemble"' in config.read_text(
        "utf-8"
    )
