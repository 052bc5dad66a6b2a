"""Personal data in a text, English and Chinese: what kind it is and where it stands.

A detector of this process: pure Python, no model, no network. What has a check digit is believed
when the digit is right (`moderation.core.checksums`), telephone numbers when their numbering plan
knows them (`phonenumbers`), and what has neither only beside words that say what it is. Names of
people are not looked for: a list of names finds roses and Parises, and a guess hides what a
reviewer has to read.

A finding holds no value, only a kind and a place; nobody can keep by accident what is not there.
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import phonenumbers

from moderation.core import checksums
from moderation.core import personal_shapes as shapes
from moderation.core.hazards import Hazard
from moderation.core.signals import Signal

DETECTOR: Final = "personal_data"
MOST_KEPT: Final = 100
"""Findings that a signal lists; `count` in its detail says how many there were."""


class Kind(StrEnum):
    """What was found."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    IBAN = "iban"
    RESIDENT_ID = "resident_id"
    SOCIAL_SECURITY = "social_security"
    PASSPORT = "passport"
    IP_ADDRESS = "ip_address"
    ADDRESS = "address"
    SECRET = "secret"  # noqa: S105  a kind


@dataclass(frozen=True, slots=True)
class Found:
    """A finding: `text[start:end]` is one, with this confidence (0..1)."""

    kind: Kind
    start: int
    end: int
    confidence: float


# How much one of a kind, shown to strangers, says by itself that somebody's privacy is broken.
_HARM: Final[Mapping[Kind, float]] = MappingProxyType(
    {
        Kind.EMAIL: 0.30,
        Kind.PHONE: 0.35,
        Kind.CARD: 0.95,
        Kind.IBAN: 0.90,
        Kind.RESIDENT_ID: 0.98,
        Kind.SOCIAL_SECURITY: 0.95,
        Kind.PASSPORT: 0.95,
        Kind.IP_ADDRESS: 0.10,
        Kind.ADDRESS: 0.65,
        Kind.SECRET: 0.95,
    }
)
# However many: a table of addresses of machines is no list of people.
_COUNTED_ONCE: Final = frozenset({Kind.IP_ADDRESS})

_NEAR: Final = 40
_FEWEST_PHONE_DIGITS: Final = 7


def find(text: str) -> list[Found]:
    """Return what stands in a text, in order, without overlaps: the surer finding wins."""
    read = text if text.isascii() else text.translate(shapes.FOLD)
    found = sorted(_candidates(read), key=lambda one: (-one.confidence, one.start, -one.end))
    kept: list[Found] = []
    taken = bytearray(len(text))
    for one in found:
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def value_of(text: str, found: Found) -> str:
    """Return what makes two findings the same one: the value without signs and case."""
    value = text[found.start : found.end].translate(shapes.FOLD)
    return re.sub(r"[\W_]", "", value).casefold() or value


def judge(text: str) -> Signal:
    """Return the detector's answer about a text: a score for privacy, kinds and places.

    The score is the probability that at least one finding harms somebody, were they independent:
    a single address of e-mail is what texts are full of, twenty of them are a list of people.
    """
    found = find(text)
    return Signal(
        detector=DETECTOR,
        version=version(),
        scores={str(Hazard.PRIVACY): _score(text, found)},
        detail={
            "count": len(found),
            "found": [
                {"kind": str(one.kind), "start": one.start, "end": one.end, "sure": one.confidence}
                for one in found[:MOST_KEPT]
            ],
        }
        if found
        else {},
    )


@cache
def version() -> str:
    """Return `personal_data@<sha256 prefix>` of these rules and of the numbering plans."""
    digest = hashlib.sha256(phonenumbers.__version__.encode())
    for source in (__file__, checksums.__file__, shapes.__file__):
        digest.update(Path(source).read_bytes())
    return f"{DETECTOR}@{digest.hexdigest()[:12]}"


def spans(detail: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """Return the places that a signal's detail lists."""
    return tuple((one["start"], one["end"]) for one in detail.get("found", ()))


def _score(text: str, found: Sequence[Found]) -> float:
    harmless = 1.0
    counted: set[tuple[Kind, str]] = set()
    for one in found:
        known = (one.kind, "" if one.kind in _COUNTED_ONCE else value_of(text, one))
        if known not in counted:
            counted.add(known)
            harmless *= 1.0 - _HARM[one.kind] * one.confidence
    return round(1.0 - harmless, 4)


def _candidates(text: str) -> Iterator[Found]:
    if "@" in text:
        yield from _all(shapes.EMAIL, Kind.EMAIL, text, 1.0)
    elif "at" in text and ("(" in text or "[" in text):
        yield from _all(shapes.SPELLED_EMAIL, Kind.EMAIL, text, 0.9)
    if shapes.SECRET_MARKS.search(text):
        yield from _all(shapes.SECRET, Kind.SECRET, text, 1.0)
    if shapes.PASSWORD_WORDS.search(text):
        yield from _passwords(text)
    if not shapes.ANY_DIGITS.search(text):
        if ":" in text:
            yield from _machines(text)
        return
    yield from _cards(text)
    yield from _accounts(text)
    yield from _identities(text)
    yield from _machines(text)
    yield from _phones(text)
    yield from _addresses(text)


def _all(pattern: re.Pattern[str], kind: Kind, text: str, confidence: float) -> Iterator[Found]:
    for match in pattern.finditer(text):
        yield Found(kind, match.start(), match.end(), confidence)


def _passwords(text: str) -> Iterator[Found]:
    for match in shapes.PASSWORD.finditer(text):
        value = match["value"]
        if any(map(str.isdigit, value)) and any(map(str.isalpha, value)):
            yield Found(Kind.SECRET, *match.span("value"), 0.9)


def _cards(text: str) -> Iterator[Found]:
    for match in shapes.CARD.finditer(text):
        digits = shapes.NOT_DIGITS.sub("", match.group())
        if (
            shapes.ISSUERS.fullmatch(digits)
            and checksums.passes_luhn(digits)
            and len(set(digits)) > 1
        ):
            yield Found(Kind.CARD, match.start(), match.end(), 0.97)


def _accounts(text: str) -> Iterator[Found]:
    for match in shapes.IBAN.finditer(text):
        length = checksums.IBAN_LENGTHS.get(match.group()[:2].upper())
        if length is None:
            continue
        taken, at = "", match.start()
        while at < len(text) and len(taken) < length:
            if text[at].isascii() and text[at].isalnum():
                taken += text[at].upper()
            elif text[at] not in " -":
                break
            at += 1
        if checksums.is_iban(taken) and not text[at : at + 1].isalnum():
            yield Found(Kind.IBAN, match.start(), at, 0.99)


def _identities(text: str) -> Iterator[Found]:
    for match in shapes.RESIDENT.finditer(text):
        if checksums.is_resident_number(re.sub("[ -]", "", match.group())):
            yield Found(Kind.RESIDENT_ID, match.start(), match.end(), 1.0)
    for match in shapes.SOCIAL.finditer(text):
        if _near(shapes.SOCIAL_WORDS, text, match.start()):
            yield Found(Kind.SOCIAL_SECURITY, match.start(), match.end(), 0.98)
        elif match.group(1) == "-":
            # Nothing else is written with three, two and four digits; it has no check digit.
            yield Found(Kind.SOCIAL_SECURITY, match.start(), match.end(), 0.86)
    for match in shapes.PASSPORT.finditer(text):
        yield Found(Kind.PASSPORT, *match.span("value"), 0.9)


def _machines(text: str) -> Iterator[Found]:
    for pattern in (shapes.IPV4, shapes.IPV6) if ":" in text else (shapes.IPV4,):
        for match in pattern.finditer(text):
            try:
                is_public = ipaddress.ip_address(match.group()).is_global
            except ValueError:
                continue
            if is_public:
                yield Found(Kind.IP_ADDRESS, match.start(), match.end(), 0.8)


def _phones(text: str) -> Iterator[Found]:
    for match in shapes.PHONE.finditer(text):
        written = match.group()
        digits = shapes.NOT_DIGITS.sub("", written)
        if len(digits) < _FEWEST_PHONE_DIGITS or shapes.IPV4.fullmatch(written):
            continue
        start = match.start()
        if written.startswith("+"):
            if _is_phone(written, None):
                yield Found(Kind.PHONE, start, match.end(), 0.95)
        elif shapes.CHINESE_MOBILE.fullmatch(written):
            if _is_phone(written, "CN"):
                yield Found(Kind.PHONE, start, match.end(), 0.9)
        elif (shapes.PHONE_GROUPS.fullmatch(written) and _is_phone(written, "US")) or (
            _near(shapes.PHONE_WORDS, text, start)
            and any(_is_phone(written, region) for region in shapes.REGIONS)
        ):
            yield Found(Kind.PHONE, start, match.end(), 0.85)


def _is_phone(written: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(written, region))
    except phonenumbers.NumberParseException:
        return False


def _addresses(text: str) -> Iterator[Found]:
    for match in shapes.STREET.finditer(text):
        if match["where"] or _near(shapes.LIVING, text, match.start()):
            yield Found(Kind.ADDRESS, match.start(), match.end(), 0.9 if match["where"] else 0.7)
    if "号" in text:
        for match in shapes.CHINESE_ADDRESS.finditer(text):
            if match["door"] or _near(shapes.CHINESE_LIVING, text, match.end()):
                confidence = 0.9 if match["door"] else 0.7
                yield Found(Kind.ADDRESS, match.start(), match.end(), confidence)


def _near(words: re.Pattern[str], text: str, at: int) -> bool:
    return words.search(text, max(0, at - _NEAR), at) is not None
