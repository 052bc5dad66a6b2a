"""Actions that end a case with a ruling about the output, or about its author too."""

from collections.abc import Mapping
from typing import Any, ClassVar

from moderation.app.models import Case, Restriction
from moderation.app.public_reasons import GENERAL, public_reasons
from moderation.app.roles import RESTRICTERS
from moderation.app.services.actions.base import (
    RULED,
    TOLD_OF_BLOCK,
    CaseAction,
    Order,
    one_of,
    only,
)
from moderation.app.services.restrictions import Terms, lasting_until


class Release(CaseAction):
    """Others may see it."""

    name = "release"
    targets: ClassVar[tuple[str, ...]] = ("output",)
    ruling = Case.Ruling.RELEASE
    sends: ClassVar[tuple[str, ...]] = (
        *RULED,
        "word to its author where it had been held back from others",
    )


class Block(CaseAction):
    """Nobody but its author and staff sees it; what was made from it is held."""

    name = "block"
    targets: ClassVar[tuple[str, ...]] = ("output", "author", "descendants")
    ruling = Case.Ruling.BLOCK
    sends: ClassVar[tuple[str, ...]] = (
        *RULED,
        "tidegate.strike.issued.v1",
        "tidegate.statement.made.v1",
        *TOLD_OF_BLOCK,
    )


class Remove(Block):
    """Blocked, and listed by all its fingerprints so that it does not come back."""

    name = "remove"
    targets: ClassVar[tuple[str, ...]] = ("output", "author", "descendants", "hash_lists")
    lists_hashes = True


class RestrictAuthor(Block):
    """Blocked, and its author may do less for a while."""

    name = "restrict_author"
    may = RESTRICTERS
    sends: ClassVar[tuple[str, ...]] = (*Block.sends, "tidegate.restriction.imposed.v1")

    def read(self, details: Mapping[str, Any]) -> dict[str, Any]:
        kind = one_of(details, "kind", dict(Restriction.Kind.choices))
        given = only(details, "kind", "hours")
        hours = given.get("hours")
        lasting_until(kind, hours, pointer="/details/hours")
        return {"kind": kind, "hours": hours}

    def restriction(self, order: Order) -> Terms | None:
        # Its author reads the reason of a restriction: what the reviewer wrote is for colleagues.
        told = public_reasons([*order.hazards, GENERAL])[0].title
        return Terms(
            kind=order.details["kind"],
            author_id=order.author_id,
            organisation_id=None,
            until=lasting_until(order.details["kind"], order.details["hours"]),
            reason=told,
            imposed_by=order.made_by,
        )
