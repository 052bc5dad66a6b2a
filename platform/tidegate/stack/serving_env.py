"""The serving environment: the interpreter and libraries that live only beside Triton.

`.venv-serving` holds torch, transformers, diffusers and the Triton server, none of which the
application processes load. It is made from a hash-locked list, is stamped with what it was made
from, and an interrupted installation goes on where it stopped.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

Report = Callable[[str], None]

CHECKOUT = Path(__file__).resolve().parents[3]
"""The checkout this module is in."""

# The build of torch (CPU or CUDA) is the machine's choice, so it has no hash; its version is exact.
_TORCH = "torch==2.13.0"
_UV = "uv==0.13.9"
_BUILD_TOOLS = ("setuptools==80.9.0", "wheel==0.45.1")
PYTHONS = ("3.11", "3.12")
_NEEDED_BYTES = 5_000_000_000
_STAMP = ".tidegate-serving"
_TAIL = 2000


class ServingEnvironmentUnavailable(RuntimeError):
    """The serving environment could not be made on this machine; the message says why."""


def folder_of(root: Path) -> Path:
    """Where the serving environment of a checkout is."""
    return root / ".venv-serving"


def python_of(root: Path) -> Path:
    """The interpreter of a checkout's serving environment."""
    return folder_of(root) / "bin" / "python"


def ensure(python: Path, root: Path, report: Report) -> Path:
    """Make the serving environment of `root` present and complete, and return its interpreter.

    Args:
        python: The base interpreter to make it from when it does not exist.
        root: The checkout.
        report: Called with one line of progress at a time.

    Raises:
        ServingEnvironmentUnavailable: the interpreter's version, the disk, a wheel or a download
            is at fault.
    """
    lock = root / "deploy" / "requirements" / "serving.txt"
    wanted = _fingerprint(lock)
    folder = folder_of(root)
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text("utf-8") == wanted and python_of(root).exists():
        return python_of(root)
    with _locked(root / "var" / "serving-env.lock"):
        if stamp.is_file() and stamp.read_text("utf-8") == wanted and python_of(root).exists():
            return python_of(root)
        stamp.unlink(missing_ok=True)
        _require_machine(python, root)
        if not python_of(root).exists():
            report("serving environment: creating .venv-serving")
            _run([str(python), "-m", "venv", str(folder)], "the virtual environment")
        serving = str(python_of(root))
        pip = [serving, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
        report("serving environment: the Triton server and the model libraries (about 1 GB)")
        _run([*pip, _UV, *_BUILD_TOOLS], "the installer")
        # Some pure Python packages come only as sources: they are built with the tools above.
        uv = [serving, "-m", "uv", "pip", "install", "--python", serving, "-q"]
        uv += ["--no-deps", "--require-hashes", "--no-build-isolation", "-r", str(lock)]
        _run(uv, "the locked packages")
        report(f"serving environment: {_TORCH} (about 0.2 GB, more with CUDA)")
        _run([*pip, _TORCH], _TORCH)
        report("serving environment: checking")
        check = "import torch, numpy, transformers, diffusers; assert numpy.__version__[0] == '1'"
        _run([serving, "-c", check], "the installed libraries")
        stamp.write_text(wanted, "utf-8")
    return python_of(root)


def _fingerprint(lock: Path) -> str:
    """What a complete environment is stamped with: a hash of everything that was asked for."""
    if not lock.is_file():
        raise ServingEnvironmentUnavailable(f"{lock} is missing: this is not a whole checkout")
    content = lock.read_bytes() + "\n".join([_TORCH, _UV, *_BUILD_TOOLS]).encode()
    return hashlib.sha256(content).hexdigest() + "\n"


def _require_machine(python: Path, root: Path) -> None:
    """Stop before a long download that cannot end well."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise ServingEnvironmentUnavailable(
            "the Triton wheel exists for Linux on x86_64 only; set TRITON_GRPC_URL to use a "
            "Triton server elsewhere"
        )
    asked = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = _run(asked, f"the interpreter {python}").strip()
    if version not in PYTHONS:
        raise ServingEnvironmentUnavailable(
            f"{python} is Python {version}; the models need {' or '.join(PYTHONS)} "
            "(numpy 1.26, which Triton's Python backend needs, has no wheel for others)"
        )
    free = shutil.disk_usage(root).free
    if free < _NEEDED_BYTES:
        raise ServingEnvironmentUnavailable(
            f"the serving environment needs {_NEEDED_BYTES / 1e9:.0f} GB in {root}, "
            f"but only {free / 1e9:.1f} GB are free"
        )


def _run(command: Sequence[str], what: str) -> str:
    """Run one step; its own last words become the error."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == 0:
        return done.stdout
    words = (done.stderr.strip() or done.stdout.strip())[-_TAIL:]
    hint = ""
    if re.search(r"No matching distribution|no version of|not found in the", words):
        hint = " A wheel is missing from the package index that this machine uses."
    elif re.search(r"No space left on device", words):
        hint = " The disk is full."
    raise ServingEnvironmentUnavailable(f"{what} could not be installed.{hint}\n{words}")


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold an exclusive lock: two starts at once must not install over each other."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the serving environment from the command line."""
    parser = argparse.ArgumentParser(description="Make the serving environment (.venv-serving).")
    parser.add_argument("--root", type=Path, default=CHECKOUT, help="the checkout")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="made from this")
    options = parser.parse_args(arguments)

    def report(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        report(f"serving environment: {ensure(options.python, options.root.resolve(), report)}")
    except ServingEnvironmentUnavailable as exc:
        sys.stderr.write(f"serving environment: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
