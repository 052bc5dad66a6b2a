"""The text of an API key: how it is made, read and compared.

`tg_<8 prefix>_<32 secret>`: the fixed start lets secret scanners find leaked keys. The secret
has 190 bits from the system's generator, so one SHA-256 is enough: slow hashes protect
secrets that people choose, and would put 100 ms into every call here.
"""

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass

_LETTERS = string.ascii_letters + string.digits
_PREFIX = string.ascii_lowercase + string.digits
_SHAPE = re.compile(r"tg_([a-z0-9]{8})_[A-Za-z0-9]{32}")


@dataclass(frozen=True, slots=True)
class KeyText:
    """A new key: `text` is shown once and never kept, `digest` is hexadecimal SHA-256."""

    text: str
    prefix: str
    digest: str


def new_key() -> KeyText:
    """Draw a key."""
    prefix = "".join(secrets.choice(_PREFIX) for _ in range(8))
    text = f"tg_{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(32))}"
    return KeyText(text=text, prefix=prefix, digest=digest_of(text))


def prefix_of(text: str) -> str | None:
    """Return the prefix of a well-formed key text, else None."""
    match = _SHAPE.fullmatch(text)
    return match.group(1) if match else None


def digest_of(text: str) -> str:
    """Return the digest a key is stored as."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def matches(text: str, digest: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(digest_of(text), digest)
