import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage, storages
from pytest_django import Settings

from tidegate.assets import storage


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }
    return tmp_path


def test_bytes_lie_under_their_digest_and_writing_twice_is_writing_once(folder: Path) -> None:
    sha256 = storage.put(b"hello")
    assert sha256 == hashlib.sha256(b"hello").hexdigest()
    file = folder / "blobs" / sha256[:2] / sha256[2:4] / sha256
    written = file.stat().st_ino
    assert storage.put(b"hello") == sha256
    assert file.stat().st_ino == written
    assert storage.read(sha256) == b"hello"
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [sha256]


def test_sixteen_writers_of_one_blob_leave_one_whole_file(folder: Path) -> None:
    data = b"x" * 3_000_000
    gate = threading.Barrier(16)

    def write(_: int) -> str:
        gate.wait()
        return storage.put(data)

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(write, range(16)))) == 1
    assert [path.stat().st_size for path in folder.rglob("*") if path.is_file()] == [len(data)]


def test_a_write_that_fails_leaves_nothing_under_the_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tidegate.assets.storage.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        storage.put(b"hello")
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_changed_bytes_are_noticed_when_read(folder: Path) -> None:
    sha256 = storage.put(b"hello")
    (folder / storage.name_of(sha256)).write_bytes(b"HELLO")
    with pytest.raises(storage.DamagedBlob):
        storage.read(sha256)


def test_nothing_under_a_digest_is_an_error_of_its_own(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_name_from_outside_never_becomes_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        storage.name_of(name)


def test_an_object_store_is_a_setting_away(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    assert isinstance(storages["media"], InMemoryStorage)
    sha256 = storage.put(b"hello")
    assert storage.put(b"hello") == sha256
    assert storage.read(sha256) == b"hello"


def test_the_default_is_a_local_folder() -> None:
    assert isinstance(storages["media"], FileSystemStorage)
