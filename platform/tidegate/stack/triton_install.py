"""Find the Triton server in the serving environment and assemble its backend folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from tidegate.stack import serving_env

_ASK = """
import json, sys, sysconfig
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "site": sysconfig.get_path("platlib"),
    "libraries": sysconfig.get_config_var("LIBDIR") if sysconfig.get_config_var("Py_ENABLE_SHARED")
                 else None,
}))
"""


class ServerMissing(RuntimeError):
    """The serving environment has no Triton server that fits its interpreter."""


def server_program(root: Path) -> Path:
    """The tritonserver binary."""
    return _server(root) / "bin" / "tritonserver"


def backends_in(folder: Path) -> Path:
    """The backend folder that `assemble` makes below `folder`."""
    return folder / "backends"


def library_path(root: Path) -> str:
    """LD_LIBRARY_PATH for the server: its own libraries, then the interpreter's if it has one."""
    about = _about(serving_env.python_of(root))
    folders = [str(_site(root) / "nvidia_pytriton.libs")]
    if about["libraries"]:
        folders.append(str(about["libraries"]))
    return os.pathsep.join(folders)


def assemble(root: Path, folder: Path) -> None:
    """Put the Python backend and the stub of the interpreter's version into one folder, once.

    Raises:
        ServerMissing: the serving environment is not there, or the wheel has no such stub.
    """
    python = serving_env.python_of(root)
    if not python.exists():
        raise ServerMissing(
            f"{python} does not exist: install the serving environment first "
            "(python -m tidegate.stack.serving_env)"
        )
    version = _about(python)["version"]
    stub = _server(root) / "python_backend_stubs" / str(version) / "triton_python_backend_stub"
    if not stub.is_file():
        raise ServerMissing(f"the Triton wheel has no Python backend for Python {version}")
    backend = _server(root) / "backends" / "python"
    target = backends_in(folder) / "python"
    wanted = [*sorted(backend.iterdir()), stub]
    if target.is_dir() and all(_is_same(file, target / file.name) for file in wanted):
        return
    shutil.rmtree(backends_in(folder), ignore_errors=True)
    work = folder / ".backends"
    shutil.rmtree(work, ignore_errors=True)
    (work / "python").mkdir(parents=True)
    for file in wanted:
        shutil.copy2(file, work / "python" / file.name)
    work.rename(backends_in(folder))


def _is_same(source: Path, copy: Path) -> bool:
    """Whether a copy is of this very file (times are copied along)."""
    if not copy.is_file():
        return False
    first, second = source.stat(), copy.stat()
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)


def _server(root: Path) -> Path:
    """The server's folder in the wheel."""
    return _site(root) / "pytriton" / "tritonserver"


def _site(root: Path) -> Path:
    """The site-packages of the serving environment."""
    return Path(str(_about(serving_env.python_of(root))["site"]))


@lru_cache
def _about(python: Path) -> dict[str, str | None]:
    """What the serving interpreter says of itself."""
    done = subprocess.run([str(python), "-c", _ASK], capture_output=True, text=True, check=True)
    answer: dict[str, str | None] = json.loads(done.stdout)
    return answer
