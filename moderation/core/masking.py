"""A text without the personal data in it: each finding becomes its kind and a number."""

from collections.abc import Mapping

from moderation.core.personal_data import Kind, find, value_of

KIND_NAMES: Mapping[Kind, str] = {
    Kind.EMAIL: "e-mail",
    Kind.PHONE: "phone",
    Kind.CARD: "card",
    Kind.IBAN: "bank account",
    Kind.RESIDENT_ID: "identity number",
    Kind.SOCIAL_SECURITY: "social security number",
    Kind.PASSPORT: "passport",
    Kind.IP_ADDRESS: "IP address",
    Kind.ADDRESS: "address",
    Kind.SECRET: "secret",
}


def masked(text: str, names: Mapping[Kind, str] = KIND_NAMES) -> str:
    """Return the text with `[card 1]` in the place of a card's number, and so on.

    The same value has the same number, so that a reader sees who is meant twice. Nothing of the
    value stays: the last four digits and a name tell whose card it is.
    """
    return "".join(words for _, _, words, _ in pieces(text, names))


def pieces(text: str, names: Mapping[Kind, str] = KIND_NAMES) -> list[tuple[int, int, str, bool]]:
    """Return the text in pieces: where each begins and ends, how it reads, whether it is masked."""
    numbers: dict[Kind, dict[str, int]] = {}
    parts: list[tuple[int, int, str, bool]] = []
    at = 0
    for one in find(text) if text else ():
        known = numbers.setdefault(one.kind, {})
        number = known.setdefault(value_of(text, one), len(known) + 1)
        parts.append((at, one.start, text[at : one.start], False))
        parts.append((one.start, one.end, f"[{names[one.kind]} {number}]", True))
        at = one.end
    return [*parts, (at, len(text), text[at:], False)]
