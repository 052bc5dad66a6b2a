"""The embedded servers, for real: they start, answer, stop, and never outlive their starter."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tidegate.stack import ports
from tidegate.stack.leftovers import end_leftovers
from tidegate.stack.postgres import Postgres
from tidegate.stack.processes import Child, Program, StartFailed, running, wait_for
from tidegate.stack.state import Phase, StackState, UnitState, creation_time
from tidegate.stack.valkey import Valkey

PATIENCE_SECONDS = 60.0


def test_postgres_has_pgvector_and_is_version_18(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        row = connection.execute("SELECT '[1,2]'::vector <-> '[1,4]', version()").fetchone()
    assert row is not None
    assert row[0] == 2.0
    assert row[1].startswith("PostgreSQL 18")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="tidegate-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_postgres_keeps_its_data_over_a_kill(open_folder: Path) -> None:
    server = Postgres(folder=open_folder / "pg", log=open_folder / "pg.log", durable=True)
    with running(server) as child:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        child.kill_group()
        child.process.wait()
    with running(server), psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


def test_postgres_listens_on_no_network_address(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url_of("postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert postgres.socket_folder.stat().st_mode & 0o077 == 0


def test_valkey_answers(valkey: str) -> None:
    host, port = valkey.removeprefix("redis://").removesuffix("/0").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(16) == b"+PONG\r\n"


def test_broker_takes_connections(broker: str) -> None:
    assert ports.answers(int(broker.rpartition(":")[2]))


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        server = Valkey(taken.getsockname()[1], tmp_path, tmp_path / "valkey.log")
        # What listens there accepts connections but is no Valkey, so it never looks ready.
        with pytest.raises(StartFailed, match="Address already in use"), running(server):
            pass


def test_children_die_with_the_process_that_started_them(tmp_path: Path) -> None:
    script = tmp_path / "starter.py"
    script.write_text(
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tidegate.stack.processes import Child, Program\n"
        "child = Child.start(Program(('/bin/sleep', '300'), {}, Path('/'), Path(sys.argv[1])))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(300)\n"
    )
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert psutil.pid_exists(pid)
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    assert wait_for(lambda: _is_gone(pid), seconds=PATIENCE_SECONDS)


def test_a_keeper_ends_what_its_program_started(tmp_path: Path) -> None:
    child = Child.start(
        Program(
            command=("/bin/sh", "-c", "sleep 300 & echo $! > inner; exec sleep 300"),
            environment={"PATH": os.defpath},
            directory=tmp_path,
            log=tmp_path / "log",
            grace_seconds=5,
            keeps_group=True,
        )
    )
    inner = tmp_path / "inner"
    assert wait_for(lambda: _is_written(inner), seconds=PATIENCE_SECONDS)
    child.ask_to_stop()
    assert child.process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert wait_for(lambda: _is_gone(int(inner.read_text())), seconds=PATIENCE_SECONDS)


def test_a_program_steps_back_with_its_whole_session(tmp_path: Path) -> None:
    child = Child.start(
        Program(
            command=("/bin/sh", "-c", "sleep 300 & echo $! > inner; wait"),
            environment={"PATH": os.defpath},
            directory=tmp_path,
            log=tmp_path / "log",
            niceness=7,
        )
    )
    inner = tmp_path / "inner"
    try:
        assert wait_for(lambda: _is_written(inner), seconds=PATIENCE_SECONDS)
        inner_pid = int(inner.read_text())
        for pid in (child.pid, inner_pid):
            # Counted from where the tests themselves stand.
            assert psutil.Process(pid).nice() == min(psutil.Process().nice() + 7, 19)
            group = Path(f"/proc/{pid}/autogroup")
            if group.exists() and (said := group.read_text().split()):
                assert said[-1] == "7"
    finally:
        child.stop()


def test_leftovers_of_a_dead_session_are_found_and_ended(tmp_path: Path) -> None:
    child = Child.start(
        Program(
            command=("/bin/sh", "-c", "sleep 300 & echo $! > inner; sleep 300"),
            environment={"PATH": os.defpath},
            directory=tmp_path,
            log=tmp_path / "log",
        )
    )
    inner = tmp_path / "inner"
    assert wait_for(lambda: _is_written(inner), seconds=PATIENCE_SECONDS)
    unit = UnitState("sleepers", Phase.READY, pid=child.pid, created=creation_time(child.pid))
    child.process.kill()
    child.process.wait()
    state = StackState(supervisor=1, supervisor_created=0, started_at=0, units={"sleepers": unit})
    assert end_leftovers(state) == ("sleepers",)
    assert _is_gone(int(inner.read_text()))
    assert end_leftovers(state) == ()


def test_a_process_that_ignores_the_stop_signal_is_killed_with_its_group(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; sleep 300 & echo $! > inner; wait; sleep 300"
    child = Child.start(
        Program(
            command=("/bin/sh", "-c", stubborn),
            environment={"PATH": os.defpath},
            directory=tmp_path,
            log=tmp_path / "log",
            grace_seconds=0.3,
        )
    )
    inner = tmp_path / "inner"
    assert wait_for(lambda: _is_written(inner), seconds=PATIENCE_SECONDS)
    assert child.stop() == -signal.SIGKILL
    assert wait_for(lambda: _is_gone(int(inner.read_text())), seconds=PATIENCE_SECONDS)


def _is_written(file: Path) -> bool:
    return file.exists() and file.read_text().strip() != ""


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
