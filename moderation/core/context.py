"""Whom and what an item comes from and is for: what rules may ask besides the content.

It is kept with a verdict, so that the decision can be repeated exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HISTORY_DAYS = 90
"""How far back an author's outputs count."""


@dataclass(frozen=True, slots=True)
class Author:
    """The history of who asked for it.

    Attributes:
        age_days: days since the account was opened.
        released, held, blocked: the author's outputs of the last 90 days by where they stand now;
            the one that is judged is none of them.
        strike_points: points that count now.
    """

    age_days: float
    released: int = 0
    held: int = 0
    blocked: int = 0
    strike_points: int = 0


@dataclass(frozen=True, slots=True)
class Lineage:
    """What it was made from: how many parents, and how many of them are blocked or held now."""

    parents: int = 0
    blocked_parents: int = 0
    held_parents: int = 0


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom it is for; a part that nobody has stated is empty.

    Attributes:
        organisation, project: ids.
        shown_to: who sees what the project releases: public or private.
        rating, region: as the organisation's rules or the project's state them.
    """

    organisation: str = ""
    project: str = ""
    shown_to: str = ""
    rating: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around an item.

    `author` and `lineage` None: there is none to speak of (a prompt, a check, a stream), and rules
    about them do not apply. `tightened_by` are the ids of the rules of the organisation and of the
    project that the policy was tightened by.
    """

    author: Author | None = None
    lineage: Lineage | None = None
    audience: Audience = field(default_factory=Audience)
    tightened_by: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `from_json` reads them back."""
        return {
            "author": None if self.author is None else _plain(self.author),
            "lineage": None if self.lineage is None else _plain(self.lineage),
            "audience": _plain(self.audience),
            "tightened_by": list(self.tightened_by),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Context":
        """Read what `to_json` wrote; what an older version did not write is unknown.

        Raises:
            TypeError: it holds what is no part of a context.
        """
        author, lineage = document.get("author"), document.get("lineage")
        return cls(
            author=None if author is None else Author(**author),
            lineage=None if lineage is None else Lineage(**lineage),
            audience=Audience(**document.get("audience", {})),
            tightened_by=tuple(document.get("tightened_by", ())),
        )


def _plain(part: Author | Lineage | Audience) -> dict[str, Any]:
    """Return the fields by name; `asdict` copies deeply what is flat, at every verdict."""
    return {name: getattr(part, name) for name in part.__slots__}
