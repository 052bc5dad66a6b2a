"""Checkpoints outside the database: one JSON object per line, appended and synced to disk.

Copy the file to where the database's administrators cannot write, and an older database put
back in place of the present one is caught too.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.audit import canonical
from tidegate.audit.models import Checkpoint

_TAIL_BYTES = 64 * 1024


class ExportUnreadable(Exception):
    """The file is missing, or a line of it is no checkpoint."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One line: what a checkpoint states, and its signature."""

    document: dict[str, Any]
    signature: bytes
    line: int

    @property
    def number(self) -> int:
        """The checkpoint's number."""
        return int(self.document["number"])

    @property
    def chain(self) -> str:
        """The chain it is about."""
        return str(self.document["chain"])

    @property
    def seq(self) -> int:
        """The entry it ends with."""
        return int(self.document["seq"])


def lines_of(checkpoints: Sequence[Checkpoint]) -> bytes:
    """Return checkpoints as JSON Lines, each with its signature."""
    return b"".join(
        canonical.encode({**checkpoint.document(), "signature": bytes(checkpoint.signature).hex()})
        + b"\n"
        for checkpoint in checkpoints
    )


def append(path: Path, checkpoints: Sequence[Checkpoint]) -> None:
    """Append checkpoints and return when they are on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = lines_of(checkpoints)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        # A crash may have left half a line; the next checkpoint must not be glued to it.
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                lines = b"\n" + lines
        file.write(lines)
        os.fsync(file.fileno())


def last_number(path: Path) -> int:
    """Return the number of the file's last whole line; 0 where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
    except FileNotFoundError:
        return 0
    parsed = (_parsed(line, 0) for line in reversed(tail.splitlines()))
    return next((exported.number for exported in parsed if exported is not None), 0)


def read(path: Path) -> Iterator[Exported]:
    """Yield every line. Half a line, left by a crash and followed by whole ones, is skipped.

    Raises:
        ExportUnreadable: there is no file, or a line is no checkpoint at all.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise ExportUnreadable(f"{path} cannot be read: {error.strerror}") from error
    with file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            exported = _parsed(line, number)
            if exported is not None:
                yield exported
            elif line.lstrip().startswith(b"{") and not line.rstrip().endswith(b"}"):
                continue
            else:
                raise ExportUnreadable(f"{path}:{number} is no checkpoint")


def _parsed(line: bytes, number: int) -> Exported | None:
    try:
        content = json.loads(line)
        signature = bytes.fromhex(content["signature"])
        document: dict[str, Any] = {
            "number": int(content["number"]),
            "chain": str(content["chain"]),
            "seq": int(content["seq"]),
            "hash": str(content["hash"]),
            "entries": int(content["entries"]),
            "at": str(content["at"]),
            "key_id": str(content["key_id"]),
        }
        if "root" in content:
            document["root"] = str(content["root"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Exported(document, signature, number)
