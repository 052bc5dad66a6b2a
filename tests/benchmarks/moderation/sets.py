"""Which sets a path holds: ready ones by their folder's name, others under a map."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.moderation.columns import ColumnMap, InvalidMap, column_map
from tests.benchmarks.moderation.reading import ENDINGS, InvalidData, Item, read

READY = Path(__file__).with_name("ready.yaml")
BESIDE = "map.yaml"


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A set: its files, each with its map, and what is promised of it.

    `is_crossed`: a head is also fitted to it by cross-validation. `promises` name a figure of the
    set's, without the set's own name, and its limit.
    """

    name: str
    parts: tuple[tuple[Path, ColumnMap], ...]
    is_crossed: bool = False
    promises: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_cross_set(self) -> bool:
        """Whether the shipped detectors are known not to have been trained on any of it."""
        return all(columns.trained == "none" for _, columns in self.parts)


@dataclass(frozen=True, slots=True)
class Sample:
    """What is measured of a set. `whole` items were read, `left_out` rows had no text or label."""

    items: list[Item]
    whole: int
    left_out: int


def find(
    data: Path, columns: ColumnMap | None = None, *, is_crossed: bool = False
) -> list[LabelledSet]:
    """Return the sets under a path; `columns` is the map of the command line.

    `is_crossed`: a head is fitted to each by cross-validation, not only where a ready map says so.

    Raises:
        InvalidData: when there is nothing to read, or no map for it.
        InvalidMap: when a map beside the data is wrong.
    """
    found = _found(data, columns)
    return [replace(one, is_crossed=one.is_crossed or is_crossed) for one in found]


def unseen(sets: Sequence[LabelledSet], names: Sequence[str]) -> list[LabelledSet]:
    """Return the sets, those of these names marked as such that nothing was trained on.

    Raises:
        InvalidData: for a name that none of the sets has.
    """
    if unknown := set(names) - {one.name for one in sets}:
        there = ", ".join(one.name for one in sets)
        raise InvalidData(f"--unseen {min(unknown)}: no set here has that name; there are {there}")
    return [
        replace(
            one,
            parts=tuple((path, replace(columns, trained="none")) for path, columns in one.parts),
        )
        if one.name in names
        else one
        for one in sets
    ]


def sample(one: LabelledSet, *, limit: int, seed: int) -> Sample:
    """Read a set and draw `limit` items of it at random; 0 takes all. The order stays.

    In a set of several files an item without a group is grouped by its file's name.

    Raises:
        InvalidData: when a file cannot be read under its map.
    """
    readings = [read(path, columns) for path, columns in one.parts]
    named = [path.stem if len(one.parts) > 1 else "" for path, _ in one.parts]
    items = [
        replace(item, group=item.group or name)
        for name, reading in zip(named, readings, strict=True)
        for item in reading.items
    ]
    chosen = items
    if limit and len(items) > limit:
        places = sorted(random.Random(seed).sample(range(len(items)), limit))
        chosen = [items[place] for place in places]
    return Sample(chosen, len(items), sum(reading.left_out for reading in readings))


def _found(data: Path, columns: ColumnMap | None) -> list[LabelledSet]:
    if not data.exists():
        raise InvalidData(f"{data}: is not there; check the path")
    if data.is_file():
        return [_single(data, columns or _map_for(data))]
    beside = data / BESIDE
    if columns is None and not beside.exists():
        if data.name in _known():
            return _ready(data)
        folders = [folder for folder in sorted(data.iterdir()) if folder.name in _known()]
        if folders:
            return [one for folder in folders for one in _ready(folder)]
    files = sorted(path for path in data.iterdir() if path.suffix in ENDINGS)
    if not files:
        raise InvalidData(
            f"{data}: holds no {', '.join(ENDINGS)} and no folder of a known set"
            f" ({', '.join(_known())})"
        )
    return [_single(path, columns or _map_for(path)) for path in files]


def _single(path: Path, columns: ColumnMap) -> LabelledSet:
    return LabelledSet(path.stem, ((path, columns),))


def _map_for(path: Path) -> ColumnMap:
    """Return the map that lies beside a file, or is ready for it.

    Raises:
        InvalidData: when there is none.
    """
    for beside in (path.with_name(f"{path.name}.{BESIDE}"), path.with_name(BESIDE)):
        if beside.exists():
            return column_map(_yaml(beside), str(beside))
    ready = [
        columns
        for one in (_ready(path.parent) if path.parent.name in _known() else ())
        for file, columns in one.parts
        if file == path
    ]
    if ready:
        return ready[0]
    raise InvalidData(
        f"{path}: which column is the text, which the label? Give --map"
        f" text=COLUMN,label=COLUMN,positive=VALUE, or write the same as YAML into"
        f" {path.name}.{BESIDE} or {BESIDE} beside it"
    )


def _ready(folder: Path) -> list[LabelledSet]:
    found = []
    for one in _known()[folder.name]:
        parts = []
        for part in one["parts"]:
            own = {key: value for key, value in part.items() if key != "file"}
            where = f"{READY.name}: {one['name']}: {part['file']}"
            parts.append((folder / part["file"], column_map(one["columns"] | own, where)))
        crossed, promises = one.get("cross_validate", False), one.get("promises", {})
        found.append(LabelledSet(one["name"], tuple(parts), crossed, promises))
    return found


def _known() -> dict[str, Sequence[dict[str, Any]]]:
    known: dict[str, Sequence[dict[str, Any]]] = yaml.safe_load(READY.read_text(encoding="utf-8"))
    return known


def _yaml(path: Path) -> Mapping[str, object]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InvalidMap(f"{path}: is not YAML: {error}") from error
    if not isinstance(document, Mapping):
        raise InvalidMap(f"{path}: is not a mapping; write for example `text: tweet`")
    return document
