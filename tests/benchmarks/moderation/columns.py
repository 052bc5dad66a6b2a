"""The column map: which column of a file is the text, which the label, and what a label means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

KEYS = {
    "text": "column of the text (needed)",
    "label": "column of the label (needed, unless `every` is given)",
    "positive": "labels that mean harmful, as 0|1 (needed with `label`)",
    "negative": "labels that mean harmless; without it, all others",
    "ignored": "labels whose rows are left out, as unclear|spam",
    "every": "harmless or harmful: what all items are, in a file without labels",
    "language": "language of all texts, as en",
    "language_column": "column of the language",
    "hazards": "the gate's names of what the harmful items are, as hate|harassment",
    "hazard_column": "column with such a name for each item",
    "group": "column by which the figures are also given, as a topic",
    "surface": "prompt or text: by which of the policy's rules they are judged (default text)",
    "trained": "none, partly or unknown: were the shipped detectors trained on this set?",
    "skip_lines": "lines before the one with the names of the columns (default 0)",
    "quoting": "standard or none (default: none for .tsv, else standard)",
}
"""What a map may say, and what it means: `--help` prints it."""

_CHOICES = {
    "every": ("harmless", "harmful"),
    "surface": ("prompt", "text"),
    "trained": ("none", "partly", "unknown"),
    "quoting": ("standard", "none"),
}


class InvalidMap(ValueError):
    """A map that cannot be obeyed; the message says where, why, and what to write."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A checked map; `KEYS` says what each field means."""

    text: str
    label: str = ""
    positive: frozenset[str] = frozenset()
    negative: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    every: Literal["", "harmless", "harmful"] = ""
    language: str = ""
    language_column: str = ""
    hazards: tuple[str, ...] = ()
    hazard_column: str = ""
    group: str = ""
    surface: Literal["prompt", "text"] = "text"
    trained: Literal["none", "partly", "unknown"] = "unknown"
    skip_lines: int = 0
    quoting: Literal["", "standard", "none"] = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that a file must have."""
        named = (self.text, self.label, self.language_column, self.hazard_column, self.group)
        return tuple(name for name in named if name)


def parse(written: str) -> ColumnMap:
    """Read a map as it is written on a command line: `text=tweet,label=class,positive=0|1`.

    Raises:
        InvalidMap: saying which part is wrong.
    """
    document: dict[str, object] = {}
    for part in written.split(","):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise InvalidMap(
                f"--map: {part.strip()!r} is not KEY=VALUE; write for example "
                "text=tweet,label=class,positive=0|1"
            )
        if key.strip() in document:
            raise InvalidMap(f"--map: {key.strip()} is given twice; join values by |")
        document[key.strip()] = value.strip()
    return column_map(document, "--map")


def column_map(document: Mapping[str, object], where: str) -> ColumnMap:
    """Check a map; `where` names its file, or the option, in errors.

    Raises:
        InvalidMap: for an unknown key, a wrong value, or one that is missing.
    """
    if unknown := [key for key in document if key not in KEYS]:
        raise InvalidMap(f"{where}: {unknown[0]!r} is no key of a map; keys are {', '.join(KEYS)}")
    plain = {key: _plain(value, key, where) for key, value in document.items()}
    for key, choices in _CHOICES.items():
        if key in plain and plain[key] not in choices:
            raise InvalidMap(f"{where}: {key} is {plain[key]!r}; it is one of {', '.join(choices)}")
    if not plain.get("skip_lines", "0").isdigit():
        raise InvalidMap(f"{where}: skip_lines is {plain['skip_lines']!r}; it is a number of lines")
    made = ColumnMap(
        text=plain.get("text", ""),
        label=plain.get("label", ""),
        positive=frozenset(_several(plain.get("positive"))),
        negative=frozenset(_several(plain.get("negative"))),
        ignored=frozenset(_several(plain.get("ignored"))),
        every=cast('Literal["", "harmless", "harmful"]', plain.get("every", "")),
        language=plain.get("language", ""),
        language_column=plain.get("language_column", ""),
        hazards=_several(plain.get("hazards")),
        hazard_column=plain.get("hazard_column", ""),
        group=plain.get("group", ""),
        surface=cast('Literal["prompt", "text"]', plain.get("surface", "text")),
        trained=cast('Literal["none", "partly", "unknown"]', plain.get("trained", "unknown")),
        skip_lines=int(plain.get("skip_lines", "0")),
        quoting=cast('Literal["", "standard", "none"]', plain.get("quoting", "")),
    )
    _check(made, where)
    return made


def _check(made: ColumnMap, where: str) -> None:
    if not made.text:
        raise InvalidMap(f"{where}: no column of the text; add text=COLUMN")
    if bool(made.label) == bool(made.every):
        raise InvalidMap(
            f"{where}: give either label=COLUMN with positive=VALUE, or every=harmless"
            " where there are no labels"
        )
    if made.label and not made.positive:
        raise InvalidMap(f"{where}: which labels mean harmful? Add positive=VALUE|VALUE")
    if made.every and (made.positive or made.negative or made.ignored):
        raise InvalidMap(f"{where}: positive, negative, ignored need label=COLUMN, not every")
    sides = (made.positive, made.negative, made.ignored)
    if twice := [
        label for label in frozenset().union(*sides) if sum(label in s for s in sides) > 1
    ]:
        raise InvalidMap(
            f"{where}: label {min(twice)!r} stands twice; it is one of positive, negative, ignored"
        )


def _plain(value: object, key: str, where: str) -> str:
    """Return a value as text; YAML may give numbers and lists."""
    if isinstance(value, list):
        return "|".join(_plain(one, key, where) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise InvalidMap(f"{where}: {key} is {value!r}; it is a text, a number or a list of them")


def _several(value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split("|") if part.strip()) if value else ()
