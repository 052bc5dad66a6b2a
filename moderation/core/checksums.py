"""Check digits that tell an identity number from any other number of its length.

* Luhn: ISO/IEC 7812-1 Annex B (payment cards).
* MOD 97-10: ISO/IEC 7064 as ISO 13616-1 uses it; the lengths by country are those of SWIFT's IBAN
  registry.
* MOD 11-2: ISO/IEC 7064 as GB 11643-1999 uses it (Chinese resident identity numbers).
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

_REGISTRY: Final = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29
ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20
LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25
QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
"""
IBAN_LENGTHS: Final[Mapping[str, int]] = MappingProxyType(
    {entry[:2]: int(entry[2:]) for entry in _REGISTRY.split()}
)
"""Characters of an IBAN by country."""

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
# First two digits of GB/T 2260: where a resident was registered first.
_PROVINCES: Final = frozenset(
    str(code)
    for codes in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55))
    for code in codes
) | frozenset(map(str, (*range(61, 66), 71, 81, 82, 83, 91)))
_FIRST_YEAR: Final = 1880
_RESIDENT_LENGTH: Final = 18
_NINE: Final = 9


def passes_luhn(digits: str) -> bool:
    """Whether the last digit of ASCII digits is their Luhn check digit."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (1 + place % 2)
        total += value - _NINE if value > _NINE else value
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether capital letters and digits, without spaces, are an IBAN of a known country."""
    if IBAN_LENGTHS.get(text[:2]) != len(text) or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(one, 36)) for one in text[4:] + text[:4])) % 97 == 1


def is_resident_number(text: str) -> bool:
    """Whether 17 digits and a check character are a Chinese resident identity number."""
    if len(text) != _RESIDENT_LENGTH or text[:2] not in _PROVINCES or not text[:17].isdigit():
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    if born.year < _FIRST_YEAR:
        return False
    rest = sum(int(one) * weight for one, weight in zip(text[:17], _WEIGHTS, strict=True)) % 11
    return text[17].upper() == _CHECKS[rest]
