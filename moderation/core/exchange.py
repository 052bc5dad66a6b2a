"""Lists of hashes as ThreatExchange writes them: descriptors, as CSV or JSON.

The fields are those of a ThreatDescriptor (developers.facebook.com/docs/threat-exchange/reference/
apis/threat-descriptor): `raw_indicator` (or `indicator`), `type`, `status`, `tags`, `owner`,
`description`, `expire_time` (or `expired_on`). In CSV several tags are separated by semicolons. Of
the types ThreatExchange knows, HASH_SHA256, HASH_PDQ and HASH_VIDEO_VPDQ are read; texts have types
of our own. A tag `hazard:NAME` names one of our hazards. Other fields are passed over.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from moderation.core import film_hashes
from moderation.core.film_hashes import Frame
from moderation.core.hashes import is_hash
from moderation.core.hazards import Hazard

Form = Literal["csv", "json"]
FORMS: Final[tuple[Form, ...]] = ("csv", "json")
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "HASH_SHA256": "sha256",
        "HASH_PDQ": "pdq",
        "HASH_VIDEO_VPDQ": "vpdq",
        "HASH_TEXT_SHA256": "text",
        "HASH_TEXT_SIMHASH256": "simhash",
    }
)
"""What each type is called here. Each is 64 hexadecimal digits, but that of a film a list of them
(`moderation.core.film_hashes`)."""
STATUSES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "": frozenset({"block", "hold", "allow"}),
        "MALICIOUS": frozenset({"block", "hold"}),
        "SUSPICIOUS": frozenset({"hold"}),
        "UNKNOWN": frozenset({"hold"}),
        "NON_MALICIOUS": frozenset({"allow"}),
    }
)
"""What a bank may make of an opinion: nothing stronger than was said, and never the opposite."""
LONGEST_INDICATOR: Final = 1_000_000
LONGEST_DESCRIPTION: Final = 2_000
LONGEST_OWNER: Final = 200
LONGEST_TAG: Final = 64
MOST_TAGS: Final = 32

_TYPES: Final = {kind: name for name, kind in KINDS.items()}
_OPINIONS: Final = {"block": "MALICIOUS", "hold": "SUSPICIOUS", "allow": "NON_MALICIOUS"}
_COLUMNS: Final = (
    "raw_indicator",
    "type",
    "status",
    "tags",
    "owner",
    "description",
    "expire_time",
)
_HAZARD: Final = "hazard:"
_HAZARDS: Final = frozenset(map(str, Hazard))


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One hash with what its owner says about it. `line` is where it stood, from 1.

    `frames` are those of a film, whose `value` is their digest.
    """

    line: int
    kind: str
    value: str
    frames: tuple[Frame, ...] = ()
    hazard: str = ""
    tags: tuple[str, ...] = ()
    owner: str = ""
    description: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one line (of CSV the line of the file, of JSON the number in `data`)."""

    line: int
    field: str
    message: str


class InvalidList(ValueError):
    """A list that cannot be taken as it is; `faults` names every line with what is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "; ".join(f"line {fault.line}: {fault.field}: {fault.message}" for fault in faults[:5])
        )
        self.faults = tuple(faults)


def read(text: str, form: Form, *, effect: str) -> list[Descriptor]:
    """Read a whole list for a bank of an effect (block, hold, allow).

    Raises:
        InvalidList: naming every line that is wrong; nothing of such a list is to be used.
    """
    rows = _csv_rows(text) if form == "csv" else _json_rows(text)
    found: list[Descriptor] = []
    faults: list[Fault] = []
    lines: dict[tuple[str, str], int] = {}
    for line, row in rows:
        try:
            one = _descriptor(line, row, effect)
        except _Wrong as wrong:
            faults.append(Fault(line, wrong.field, wrong.message))
            continue
        first = lines.setdefault((one.kind, one.value), line)
        if first != line:
            faults.append(Fault(line, "raw_indicator", f"stands in line {first} already"))
        found.append(one)
    if not found and not faults:
        faults.append(Fault(1, "raw_indicator", "the list is empty"))
    if faults:
        raise InvalidList(faults)
    return found


def write(descriptors: Iterable[Descriptor], form: Form, *, effect: str) -> str:
    """Write descriptors of a bank as `read` reads them."""
    rows = [_row(one, effect) for one in descriptors]
    if form == "json":
        return json.dumps({"data": rows}, ensure_ascii=False, indent=1)
    file = io.StringIO()
    writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "tags": ";".join(row["tags"]), "owner": row["owner"]["name"]})
    return file.getvalue()


class _Wrong(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def _row(one: Descriptor, effect: str) -> dict[str, Any]:
    hazard = (_HAZARD + one.hazard,) if one.hazard else ()
    return {
        "raw_indicator": film_hashes.write(one.frames) if one.frames else one.value,
        "type": _TYPES[one.kind],
        "status": _OPINIONS[effect],
        "tags": [*hazard, *one.tags],
        "owner": {"name": one.owner},
        "description": one.description,
        "expire_time": one.expires_at.isoformat() if one.expires_at else "",
    }


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        names = {name.strip() for name in reader.fieldnames or ()}
        if not names & {"raw_indicator", "indicator"} or "type" not in names:
            raise InvalidList(
                [Fault(1, "type", "the first line names the columns: raw_indicator and type")]
            )
        for row in reader:
            if None in row:
                raise InvalidList([Fault(reader.line_num, "type", "more fields than columns")])
            yield (
                reader.line_num,
                {name.strip(): value or "" for name, value in row.items()},
            )
    except csv.Error as error:
        at = reader.reader.line_num
        raise InvalidList([Fault(at, "type", f"this is no CSV: {error}")]) from error


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidList([Fault(1, "data", f"this is no JSON: {error}")]) from error
    rows = document.get("data") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise InvalidList([Fault(1, "data", "a list of descriptors is needed")])
    for line, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise InvalidList([Fault(line, "data", "a descriptor is an object")])
        yield line, row


def _descriptor(line: int, row: Mapping[str, Any], effect: str) -> Descriptor:
    kind = _kind(_text(row, "type"))
    name = "raw_indicator" if row.get("raw_indicator") else "indicator"
    value, frames = _indicator(kind, _text(row, name, LONGEST_INDICATOR))
    status = _text(row, "status").upper()
    if status not in STATUSES:
        raise _Wrong("status", f"{status[:40]!r} is none of {', '.join(filter(None, STATUSES))}")
    if effect not in STATUSES[status]:
        raise _Wrong("status", f"{status} does not belong in a bank that means {effect}")
    tags = _tags(row.get("tags"))
    hazards = [tag.removeprefix(_HAZARD) for tag in tags if tag.startswith(_HAZARD)]
    if len(hazards) > 1 or not _HAZARDS.issuperset(hazards):
        raise _Wrong("tags", f"at most one of {', '.join(sorted(_HAZARDS))} after {_HAZARD}")
    return Descriptor(
        line=line,
        kind=kind,
        value=value,
        frames=frames,
        hazard=hazards[0] if hazards else "",
        tags=tuple(tag for tag in tags if not tag.startswith(_HAZARD)),
        owner=_owner(row),
        description=_text(row, "description", LONGEST_DESCRIPTION),
        expires_at=_moment(row),
    )


def _kind(name: str) -> str:
    if name.upper() not in KINDS:
        known = ", ".join(KINDS)
        raise _Wrong("type", f"{name[:40] or 'nothing'} is not supported; these are: {known}")
    return KINDS[name.upper()]


def _indicator(kind: str, text: str) -> tuple[str, tuple[Frame, ...]]:
    """Return a hash's digits, of a film its digest and its comparable pictures."""
    if kind == "vpdq":
        try:
            frames = film_hashes.comparable(film_hashes.read(text))
        except film_hashes.InvalidFilmHash as error:
            raise _Wrong("raw_indicator", str(error)) from error
        return film_hashes.digest(frames), frames
    if not is_hash(text.lower()):
        raise _Wrong("raw_indicator", "64 hexadecimal digits are needed")
    return text.lower(), ()


def _text(row: Mapping[str, Any], field: str, longest: int = 400) -> str:
    value = row.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Wrong(field, "a text is needed")
    if len(value) > longest or not _is_storable(value):
        raise _Wrong(field, f"at most {longest} characters, no NUL and no half characters")
    return value.strip()


def _is_storable(text: str) -> bool:
    """Whether a database takes the text: no NUL, and no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _tags(given: Any) -> list[str]:
    """Read tags as a list, as the Graph API has them, or separated by semicolons."""
    if isinstance(given, dict):
        given = given.get("data")
    if isinstance(given, str):
        given = given.split(";")
    if given is None:
        return []
    if not isinstance(given, list):
        raise _Wrong("tags", "a list of texts is needed")
    texts = [one.get("text") if isinstance(one, dict) else one for one in given]
    tags = [one.strip() for one in texts if isinstance(one, str) and one.strip()]
    if any(not isinstance(one, str) for one in texts):
        raise _Wrong("tags", "a list of texts is needed")
    if len(tags) > MOST_TAGS or any(
        len(tag) > LONGEST_TAG or not _is_storable(tag) or ";" in tag for tag in tags
    ):
        raise _Wrong("tags", f"at most {MOST_TAGS} of {LONGEST_TAG} characters, no semicolon")
    return list(dict.fromkeys(tags))


def _owner(row: Mapping[str, Any]) -> str:
    owner = row.get("owner")
    if isinstance(owner, dict):
        owner = owner.get("name") or owner.get("id")
    return _text({"owner": owner}, "owner", LONGEST_OWNER)


def _moment(row: Mapping[str, Any]) -> datetime | None:
    """Read when it expires: ISO 8601 with a time zone, or seconds since 1970."""
    field = "expire_time" if row.get("expire_time") else "expired_on"
    given = row.get(field)
    if given is None or given == "":
        return None
    try:
        if isinstance(given, str) and not given.strip().isdigit():
            moment = datetime.fromisoformat(given.strip())
        elif isinstance(given, str | int | float) and not isinstance(given, bool):
            seconds = float(given)
            if not math.isfinite(seconds):
                raise _Wrong(field, "this is no moment")
            moment = datetime.fromtimestamp(seconds, UTC)
        else:
            raise _Wrong(field, "this is no moment")
        if moment.tzinfo is None:
            raise _Wrong(field, "the moment has no time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _Wrong(field, "this is no moment") from error
