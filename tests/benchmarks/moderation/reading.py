"""Labelled texts out of CSV, TSV and JSON Lines files."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from moderation.core.policy import Surface
from tests.benchmarks.moderation.columns import ColumnMap

ENDINGS = (".csv", ".tsv", ".jsonl")
_LARGEST_FIELD = 10_000_000
_NAMED_LABELS = 12


class InvalidData(ValueError):
    """Data that cannot be read as its map says; the message names file, line and remedy."""


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled text. `hazards` and `group` are empty where nothing is known."""

    text: str
    is_harmful: bool
    surface: Surface
    language: str
    hazards: tuple[str, ...]
    group: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds, and how many rows had an empty text or label and were left out."""

    items: list[Item]
    left_out: int


def read(path: Path, columns: ColumnMap) -> Reading:
    """Read a file under a map.

    Raises:
        InvalidData: for a missing file, column or label, naming file, line and what to do.
    """
    items: list[Item] = []
    labels: Counter[str] = Counter()
    left_out = 0
    for line, row in _rows(path, columns):
        text = row.get(columns.text, "").strip()
        label = row.get(columns.label, "").strip() if columns.label else columns.every
        if not text or not label:
            left_out += 1
            continue
        labels[label] += 1
        if label in columns.ignored:
            continue
        items.append(_item(row, text, _is_harmful(label, columns, f"{path}:{line}"), columns))
    if not items:
        raise InvalidData(f"{path}: no row has both a text and a label; look at its first lines")
    for value in sorted(columns.positive | columns.negative | columns.ignored):
        if value not in labels:
            there = ", ".join(repr(name) for name, _ in labels.most_common(_NAMED_LABELS))
            raise InvalidData(
                f"{path}: no row's column {columns.label!r} is {value!r}; there are {there}:"
                " change positive, negative or ignored in the map"
            )
    return Reading(items, left_out)


def _is_harmful(label: str, columns: ColumnMap, where: str) -> bool:
    if columns.every:
        return columns.every == "harmful"
    if label in columns.positive:
        return True
    if columns.negative and label not in columns.negative:
        raise InvalidData(
            f"{where}: the map does not say what {label!r} in column {columns.label!r} means; add"
            " it to positive, negative or ignored, or leave negative out: then others are harmless"
        )
    return False


def _item(row: Mapping[str, str], text: str, is_harmful: bool, columns: ColumnMap) -> Item:  # noqa: FBT001
    own = row.get(columns.hazard_column, "").strip() if columns.hazard_column else ""
    language = row.get(columns.language_column, "").strip() if columns.language_column else ""
    return Item(
        text=text,
        is_harmful=is_harmful,
        surface=columns.surface,
        language=language or columns.language,
        hazards=tuple(part.strip() for part in own.split("|")) if own else columns.hazards,
        group=row.get(columns.group, "").strip() if columns.group else "",
    )


def _rows(path: Path, columns: ColumnMap) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield line numbers (from 1) and rows."""
    if path.suffix not in ENDINGS:
        raise InvalidData(f"{path}: cannot be read; files end with {', '.join(ENDINGS)}")
    try:
        yield from _json(path, columns) if path.suffix == ".jsonl" else _table(path, columns)
    except OSError as error:
        raise InvalidData(f"{path}: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise InvalidData(f"{path}: is not UTF-8 ({error.reason}); convert it first") from error


def _table(path: Path, columns: ColumnMap) -> Iterator[tuple[int, Mapping[str, str]]]:
    is_tab = path.suffix == ".tsv"
    quoting = columns.quoting or ("none" if is_tab else "standard")
    csv.field_size_limit(_LARGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(columns.skip_lines):
            file.readline()
        rows = csv.DictReader(
            file,
            delimiter="\t" if is_tab else ",",
            quoting=csv.QUOTE_NONE if quoting == "none" else csv.QUOTE_MINIMAL,
            restval="",
            strict=quoting != "none",
        )
        header = columns.skip_lines + 1
        try:
            _check_columns(rows.fieldnames or (), columns, f"{path}:{header}")
            for row in rows:
                yield columns.skip_lines + rows.line_num, row
        except csv.Error as error:
            line = columns.skip_lines + rows.reader.line_num
            raise InvalidData(
                f"{path}:{line}: {error}; quoting=none in the map reads quotes as they stand"
            ) from error


def _json(path: Path, columns: ColumnMap) -> Iterator[tuple[int, Mapping[str, str]]]:
    with path.open(encoding="utf-8-sig") as file:
        for line, written in enumerate(file, start=1):
            if not written.strip():
                continue
            try:
                document = json.loads(written)
            except ValueError as error:
                raise InvalidData(
                    f"{path}:{line}: is not JSON: {error}; write one object a line"
                ) from error
            if not isinstance(document, dict):
                raise InvalidData(f"{path}:{line}: is no JSON object; write one object a line")
            _check_columns(document, columns, f"{path}:{line}")
            yield line, {name: _written(value) for name, value in document.items()}


def _check_columns(there: object, columns: ColumnMap, where: str) -> None:
    names = [str(name) for name in there] if isinstance(there, list | tuple | dict) else []
    for name in columns.columns:
        if name not in names:
            listed = ", ".join(repr(one) for one in names) or "none"
            raise InvalidData(
                f"{where}: there is no column {name!r}; columns are {listed}: change the map, or"
                " its skip_lines when the names stand on a later line"
            )


def _written(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
