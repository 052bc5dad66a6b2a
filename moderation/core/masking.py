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
    found = find(text) if text else []
    if not found:
        return text
    numbers: dict[Kind, dict[str, int]] = {}
    parts: list[str] = []
    at = 0
    for one in found:
        known = numbers.setdefault(one.kind, {})
        number = known.setdefault(value_of(text, one), len(known) + 1)
        parts += [text[at : one.start], f"[{names[one.kind]} {number}]"]
        at = one.end
    return "".join([*parts, text[at:]])
