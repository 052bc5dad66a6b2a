"""What an audit entry changed, key by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One key with its value before and after; None where it was not there."""

    key: str
    before: str | None
    after: str | None

    @property
    def is_new(self) -> bool:
        """Whether the key came into being."""
        return self.before is None


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """Return the keys whose values differ, in the order in which they are stored.

    A key that came or went without ever holding anything changed nothing.
    """
    old, new = dict(before or {}), dict(after or {})
    return [
        Change(key, _shown(old, key), _shown(new, key))
        for key in dict.fromkeys([*old, *new])
        if (old.get(key) or None) != (new.get(key) or None)
    ]


def _shown(values: Mapping[str, Any], key: str) -> str | None:
    if key not in values:
        return None
    value = values[key]
    return str(value) if value not in (None, "", [], {}) else "∅"
