"""Models that are not loaded, load slowly, or crash: on a real Triton, with tiny models."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, connections

from generation.app import board, runner
from generation.app.models import RegisteredModel, Served
from generation.app.registry import selectors, services
from generation.app.registry.asking import pieces_of
from generation.app.registry.servers import model_server, servers
from generation.app.registry.services import tending
from generation.app.registry.services.loading import ModelCrashed
from generation.app.registry.snapshot import forget
from generation.core.triton import Generator, GeneratorUnavailable, ModelBroken, ModelNotLoaded
from generation.core.wire import Done, Piece, TextPiece
from tests.factories import make_user, viewer_of
from tests.integration.generation.maker import Maker
from tidegate.accounts.viewers import Viewer, system
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now
from tidegate.stack import ports
from tidegate.stack.triton import TritonPorts, TritonServer
from tidegate.stack.triton_remains import processes_of

pytestmark = [pytest.mark.triton, pytest.mark.django_db(transaction=True)]

CONFIG = """
name: "{name}"
backend: "python"
max_batch_size: 0
model_transaction_policy {{ decoupled: true }}
input [ {{ name: "REQUEST" data_type: TYPE_STRING dims: [ 1 ] }} ]
output [
  {{ name: "EVENT" data_type: TYPE_STRING dims: [ 1 ] }},
  {{ name: "PAYLOAD" data_type: TYPE_STRING dims: [ 1 ] }}
]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
"""
MODEL = """
import os, time
from pathlib import Path
import numpy as np
import triton_python_backend_utils as pb
from generation.core.wire import Done, TextPiece, encode_event

LOADS = Path({loads!r})

class TritonPythonModel:
    def initialize(self, args):
        with LOADS.open("a") as file:
            file.write("x")
        {initialize}

    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            for piece in (TextPiece(0, "hello"), Done("stop", "v1")):
                event, payload = encode_event(piece)
                sender.send(pb.InferenceResponse([
                    pb.Tensor("EVENT", np.array([event], dtype=np.object_)),
                    pb.Tensor("PAYLOAD", np.array([payload], dtype=np.object_)),
                ]))
            sender.send(flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""
MODELS = {
    "warm": "pass",
    "slow": "time.sleep(1.5)",
    "slower_than_a_deadline": "time.sleep(5.5)",
    "crashing": "raise RuntimeError('the weights of crashing are not there')",
    "killed_once": "len(LOADS.read_text()) > 1 or os._exit(9)",
}
CALLERS = 50
PATIENCE_SECONDS = 60.0
ANSWER = [TextPiece(0, "hello"), Done("stop", "v1")]
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model repository; beside each model a file that grows by one byte with each load."""
    home = tmp_path_factory.mktemp("cold")
    for name, initialize in MODELS.items():
        version = home / "repository" / name / "1"
        version.mkdir(parents=True)
        (version.parent / "config.pbtxt").write_text(CONFIG.format(name=name))
        text = MODEL.format(loads=str(home / name), initialize=initialize)
        (version / "model.py").write_text(text)
    return home


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[TritonServer]:
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    running = TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        repositories=[folder / "repository"],
        models=["warm"],
    )
    with running:
        yield running


@pytest.fixture(autouse=True)
def registry(server: TritonServer, folder: Path, settings: Any) -> Iterator[None]:
    """Entries of the models, none loaded but the warm one, and no load counted."""
    settings.TRITON_GRPC_URL = server.grpc_url
    model_server.cache_clear()
    forget()
    for name in MODELS:
        services.add_entry(viewer=system("test"), document=entry(name))
        if name != "warm":
            model_server().unload(name)
            (folder / name).write_text("")
    yield
    model_server.cache_clear()
    forget()


@pytest.fixture
def generator(server: TritonServer) -> Iterator[Generator]:
    with Generator(server.grpc_url) as connected:
        yield connected


@pytest.fixture
def operator() -> Viewer:
    return viewer_of(make_user(staff=["policy_admin"]))


def entry(name: str) -> dict[str, Any]:
    return {
        "name": name.replace("_", "-"),
        "title": name,
        "modality": "text",
        "triton_model": name,
        "licence": "MIT",
        "languages": ["en"],
        "description": "A model of a test.",
        "cost_credits": 1,
        "limits": {"prompt_characters": 10, "deadline_seconds": 5, "wait_seconds": 60},
        "loading": {
            "when": "start" if name == "warm" else "demand",
            "idle_seconds": 600,
            "memory_mb": 100,
        },
    }


def asked(generator: Generator, name: str) -> Callable[[], Iterator[Piece]]:
    return partial(
        generator.stream,
        model=name,
        prompt="p",
        parameters={},
        seed=1,
        deadline_seconds=PATIENCE_SECONDS,
        cancelled=lambda: False,
    )


def serves(pid: int, name: str) -> bool:
    """Whether a process is the one in which Triton runs a model."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False  # it ended meanwhile
    return b"python_backend_stub" in command and f"/{name}/".encode() in command


def pieces(generator: Generator, name: str) -> list[Piece]:
    return list(
        pieces_of(
            asked(generator, name),
            triton_model=name,
            hold=nullcontext,
            cancelled=lambda: False,
        )
    )


@contextmanager
def process_of_callers(server: TritonServer, name: str) -> Iterator[subprocess.Popen[str]]:
    """Half of the callers in another process, let loose when this process enters."""
    database = connection.settings_dict
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.integration.generation.cold_process"),
            *(name, str(CALLERS // 2)),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
            "DJANGO_SETTINGS_MODULE": "tidegate.settings.test",
            "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}"
            f"?host={quote(str(database['HOST']), safe='')}",
            "TRITON_GRPC_URL": server.grpc_url,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            child.stdin.write("go\n")
            child.stdin.flush()
            yield child
        finally:
            child.kill()


def by_all_callers(work: Callable[[], Any], *, callers: int) -> list[Any]:
    def run(_: int) -> Any:
        try:
            return work()
        except GeneratorUnavailable as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(run, range(callers)))


def test_fifty_callers_in_two_processes_load_a_cold_model_once(
    folder: Path, server: TritonServer, generator: Generator
) -> None:
    with pytest.raises(ModelNotLoaded):
        list(asked(generator, "slow")())
    with process_of_callers(server, "slow") as others:
        answers = by_all_callers(lambda: pieces(generator, "slow"), callers=CALLERS // 2)
        assert others.stdout is not None
        answered_there = int(others.stdout.readline())
    assert answers == [ANSWER] * (CALLERS // 2)
    assert answered_there == CALLERS // 2
    assert (folder / "slow").read_text() == "x"
    served = Served.objects.get(triton_model="slow")
    assert served.loads == 1
    assert Entry.objects.filter(action="model.loaded", subject_id="slow").count() == 1


def test_a_model_that_crashes_is_disabled_with_its_log_and_the_others_keep_serving(
    folder: Path, generator: Generator, operator: Viewer
) -> None:
    answers = by_all_callers(lambda: pieces(generator, "crashing"), callers=10)
    assert {type(answer) for answer in answers} == {ModelCrashed}
    assert (folder / "crashing").read_text() == "x"
    row = RegisteredModel.objects.get(name="crashing")
    assert (row.state, row.because) == ("disabled", "crashed")
    assert "the weights of crashing are not there" in selectors.crash_log(operator, "crashing")
    assert "crashing" not in selectors.offered_models()
    assert pieces(generator, "warm") == ANSWER

    # Enabled again, it gets another chance, and another end.
    services.enable_model(viewer=operator, name="crashing", reason="the weights are there now")
    assert isinstance(
        by_all_callers(lambda: pieces(generator, "crashing"), callers=1)[0], ModelCrashed
    )
    assert (folder / "crashing").read_text() == "xx"
    assert Entry.objects.filter(action="model.crashed", subject_id="crashing").count() == 2


def test_the_time_of_loading_is_not_counted_against_the_deadline_of_a_job(
    maker: Maker, generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "publish", lambda *_: None)
    job = maker.asks("hi", model_name="slower-than-a-deadline")
    assert runner.run_next(modality="text", generator=generator)
    job.refresh_from_db()
    assert (job.state, job.error_detail, job.attempt) == ("succeeded", "", 1)


def test_a_model_whose_process_was_killed_while_it_loaded_is_loaded_once_more(
    folder: Path, generator: Generator
) -> None:
    assert pieces(generator, "killed_once") == ANSWER
    assert (folder / "killed_once").read_text() == "xx"
    assert RegisteredModel.objects.get(name="killed-once").state == "enabled"


def test_a_model_whose_process_was_killed_while_it_served_is_loaded_again_once(
    server: TritonServer, generator: Generator, folder: Path
) -> None:
    before = len((folder / "warm").read_text())
    killed = [pid for pid in processes_of(server.mark) if serves(pid, "warm")]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    assert len(killed) == 1
    # The server looks a second long for the process, once for each who asks: few, or it takes long.
    answers = by_all_callers(lambda: pieces(generator, "warm"), callers=3)
    assert answers == [ANSWER] * 3
    assert len((folder / "warm").read_text()) == before + 1


def test_a_dead_model_that_others_ask_is_found_by_its_failures_and_loaded_again(
    server: TritonServer, generator: Generator, folder: Path
) -> None:
    assert tending.tend().revived == ()
    before = len((folder / "warm").read_text())
    for pid in processes_of(server.mark):
        if serves(pid, "warm"):
            os.kill(pid, signal.SIGKILL)
    with pytest.raises(ModelBroken):
        list(asked(generator, "warm")())
    assert tending.tend().revived == ("warm",)
    assert list(asked(generator, "warm")()) == ANSWER
    assert len((folder / "warm").read_text()) == before + 1
    assert tending.tend().revived == ()


def test_an_idle_model_is_unloaded_and_the_warm_one_is_not(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces(generator, "slow")
    assert tending.tend().unloaded == ()
    monkeypatch.setattr(tending, "now", lambda: now() + timedelta(hours=1))
    assert tending.tend().unloaded == ("slow",)
    assert Entry.objects.filter(action="model.unloaded", reason="idle").count() == 1
    assert pieces(generator, "warm") == ANSWER


def test_the_least_recently_used_model_makes_room_for_another(
    generator: Generator, settings: Any
) -> None:
    settings.GENERATION_MODEL_MEMORY_MB = 200
    pieces(generator, "slow")
    pieces(generator, "killed_once")
    (seen,) = servers(system("test"))
    states = {one.held.name: one.held.is_ready for one in seen.holdings}
    assert states["warm"]
    assert states["killed_once"]
    assert not states["slow"]


def test_staff_see_what_a_server_holds(generator: Generator, operator: Viewer) -> None:
    pieces(generator, "slow")
    by_all_callers(lambda: pieces(generator, "crashing"), callers=1)
    (seen,) = servers(operator)
    assert seen.is_live
    assert seen.version
    by_name = {one.held.name: one for one in seen.holdings}
    assert by_name["slow"].held.state == "READY"
    assert by_name["slow"].held.inferences == 1
    assert by_name["slow"].models == ("slow",)
    assert by_name["slow"].loads == 1
    assert "not there" in by_name["crashing"].last_error


def test_a_server_that_is_away_is_said_to_be_away(settings: Any, operator: Viewer) -> None:
    settings.TRITON_GRPC_URL = "127.0.0.1:1"
    model_server.cache_clear()
    (seen,) = servers(operator)
    assert not seen.is_live
    assert seen.problem
    with pytest.raises(GeneratorUnavailable):
        services.ensure_loaded(triton_model="slow")
    assert RegisteredModel.objects.get(name="slow").state == "enabled"
