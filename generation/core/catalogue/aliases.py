"""Which version of a model a request means: by alias, by version, or by the canary's share. Pure.

A request names `MODEL`, `MODEL@stable`, `MODEL@canary` or `MODEL@VERSION`. Without an alias, a
share of requests gets the canary: which ones is decided by organisation and seed alone, so the
same request is answered by the same version each time, on every machine.
"""

from dataclasses import dataclass
from hashlib import sha256

STABLE = "stable"
CANARY = "canary"

_PERCENT = 100
_DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A model as a request names it; `alias` is empty, an alias, or a version."""

    name: str
    alias: str


def parse_asked(text: str) -> Asked:
    """Split what stands before and after the first `@`."""
    name, _, alias = text.partition("@")
    return Asked(name, alias)


def gets_canary(
    *, model: str, canary: str, percent: int, organisation: str, seed: int | None
) -> bool:
    """Whether a request without an alias is answered by the canary version.

    The canary's own version is part of the draw, so the next canary meets other requests. A
    larger share only adds requests: who had the canary at 5 % has it at 20 %.
    """
    if percent <= 0:
        return False
    drawn = sha256(f"{model}\n{canary}\n{organisation}\n{seed}".encode()).digest()
    return int.from_bytes(drawn[:_DIGEST_BYTES], "big") % _PERCENT < percent
