"""Keyset pagination with opaque cursors that are bound to their query.

Rows are ordered by their UUIDv7 primary key, newest first, so rows that arrive while a
client pages are neither repeated nor lost.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from tidegate.primitives.errors import InvalidInput

DEFAULT_LIMIT = 20
MAXIMUM_LIMIT = 100
_SALT = "tidegate.api.cursor"
Row = TypeVar("Row", bound=Model)


def limit_of(request: Request) -> int:
    """Return `limit` (1-100, default 20) or raise InvalidInput."""
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    is_short_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAXIMUM_LIMIT))
    if not (is_short_number and 1 <= int(text) <= MAXIMUM_LIMIT):
        raise InvalidInput(
            f"limit must be a whole number from 1 to {MAXIMUM_LIMIT}",
            code="out_of_range",
            pointer="/limit",
        )
    return int(text)


def page(
    request: Request,
    rows: QuerySet[Row],
    serialise: Callable[[list[Row]], Any],
    *,
    filters: Mapping[str, str] | None = None,
    newest_first: bool = True,
) -> Response:
    """Answer one page: `{items, has_more, next}`."""
    limit = limit_of(request)
    bound = [request.path, sorted((filters or {}).items())]
    after = _read(request.query_params.get("cursor", ""), bound)
    if after is not None:
        rows = rows.filter(pk__lt=after) if newest_first else rows.filter(pk__gt=after)
    found = list(rows.order_by("-pk" if newest_first else "pk")[: limit + 1])
    shown, has_more = found[:limit], len(found) > limit
    following = signing.dumps([str(shown[-1].pk), bound], salt=_SALT) if has_more else None
    return Response({"items": serialise(shown), "has_more": has_more, "next": following})


def _read(cursor: str, bound: list[Any]) -> UUID | int | None:
    if not cursor:
        return None
    wrong = InvalidInput(
        "this cursor is not one of ours for this query; start without",
        code="invalid_cursor",
        pointer="/cursor",
    )
    try:
        after, was_bound = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise wrong from error
    # JSON turns tuples into lists, so both sides are compared as lists.
    if was_bound != [bound[0], [list(pair) for pair in bound[1]]]:
        raise wrong
    return int(after) if str(after).isdigit() else UUID(after)
