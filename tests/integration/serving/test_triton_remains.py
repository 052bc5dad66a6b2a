from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegate.stack import triton_remains
from tidegate.stack.triton_remains import MARK_VARIABLE


@pytest.fixture
def mark(tmp_path: Path) -> str:
    return triton_remains.mark_of(tmp_path)


@pytest.fixture
def stub(mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that a server with that mark could have left."""
    environment = os.environ | {MARK_VARIABLE: mark}
    with subprocess.Popen(["/bin/sleep", "600"], env=environment) as process:
        try:
            _wait_for_environment(process.pid)
            yield process
        finally:
            process.kill()


@pytest.fixture
def region(mark: str) -> Iterator[Path]:
    file = Path("/dev/shm") / f"{triton_remains.region_prefix(mark)}test"  # noqa: S108
    file.write_bytes(b"x")
    yield file
    file.unlink(missing_ok=True)


def _wait_for_environment(pid: int) -> None:
    """Wait until the kernel shows a new process's environment: it does so a moment after exec."""
    deadline = time.monotonic() + 10
    while not Path(f"/proc/{pid}/environ").read_bytes():
        assert time.monotonic() < deadline, "the process never got an environment"
        time.sleep(0.001)


def test_processes_are_found_by_their_mark_only(
    stub: subprocess.Popen[bytes], mark: str, tmp_path: Path
) -> None:
    assert triton_remains.processes_of(mark) == [stub.pid]
    assert triton_remains.processes_of(triton_remains.mark_of(tmp_path / "other")) == []


def test_left_over_processes_are_ended(stub: subprocess.Popen[bytes], mark: str) -> None:
    assert triton_remains.end_processes(mark) == [stub.pid]
    assert stub.wait(10) < 0
    assert triton_remains.end_processes(mark) == []


def test_shared_memory_goes_with_its_last_process_and_not_before(
    stub: subprocess.Popen[bytes], mark: str, region: Path
) -> None:
    triton_remains.remove_shared_memory()
    assert region.exists()
    stub.kill()
    stub.wait(10)
    # Another server's clean-up on this machine may have been faster.
    triton_remains.remove_shared_memory()
    assert not region.exists()
