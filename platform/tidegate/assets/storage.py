"""Bytes by their content: `blobs/ab/cd/<sha256>` in the storage that settings name "media".

Writing twice is writing once. A name never changes its bytes, so nothing is ever overwritten
and a reader sees all of a blob or none of it.
"""

import hashlib
import os
import re
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

from tidegate.primitives.clock import now
from tidegate.primitives.errors import TidegateError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MODE = 0o640
# Longer than any time between the storing of bytes and the commit of the row that needs them.
_FRESH = timedelta(minutes=5)


class DamagedBlob(TidegateError):
    """Stored bytes are not what their name says: the disk or somebody changed them."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"Blob {sha256} is damaged.", code="blob_damaged", status=500)


def put(data: bytes) -> str:
    """Store bytes and return their SHA-256 in hexadecimal; durable when it returns.

    Raises:
        OSError: the storage refused; nothing half-written remains under the name.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    name, storage = name_of(sha256), _storage()
    if isinstance(storage, FileSystemStorage):
        _write_file(Path(storage.path(name)), data)
    else:
        # Object stores put atomically, and two writers of one name write the same bytes. What is
        # there already is put again: it becomes fresh, and `remove_stale` leaves it.
        storage.save(name, ContentFile(data))
    return sha256


def read(sha256: str) -> bytes:
    """Return a blob's bytes, checked against the name.

    Raises:
        FileNotFoundError: nothing is stored under this digest.
        DamagedBlob: the bytes do not match.
    """
    with open_blob(sha256) as file:
        data: bytes = file.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedBlob(sha256)
    return data


def open_blob(sha256: str) -> "File[bytes]":
    """Open a blob for reading; seekable.

    Raises:
        FileNotFoundError: nothing is stored under this digest.
    """
    return _storage().open(name_of(sha256), "rb")


def remove_stale(sha256: str) -> bool:
    """Remove bytes that nobody has put for five minutes; say whether they are gone.

    Call it when no row refers to them. Whoever puts the same bytes just now keeps them fresh.
    """
    name, storage = name_of(sha256), _storage()
    try:
        if storage.get_modified_time(name) > now() - _FRESH:
            return False
    except FileNotFoundError:
        return True
    storage.delete(name)
    return True


def name_of(sha256: str) -> str:
    """Return the storage name of a digest.

    Raises:
        ValueError: not 64 hexadecimal digits; a name from outside never becomes a path.
    """
    if not _DIGEST.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is no SHA-256 in lower-case hexadecimal")
    return f"blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _storage() -> Storage:
    return storages["media"]


def _write_file(path: Path, data: bytes) -> None:
    """Write beside the target, flush to the disk, then take the name in one step."""
    try:
        os.utime(path)  # there already: fresh again, so that `remove_stale` leaves it
    except FileNotFoundError:
        pass
    else:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(_MODE)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    # Without this the name itself could be lost with the power, and a row would point nowhere.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
