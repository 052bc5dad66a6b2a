"""Reading the trail fast: what is hashed, straight from the rows, without making objects of them.

PostgreSQL hands over texts; the canonical bytes are put together around them. Only the JSON columns
are parsed, because JSONB keeps its keys in another order.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from typing import Any, Final

from django.db import connection, transaction

from tidegate.audit import canonical

CHUNK: Final = 2_000
_COLUMNS: Final = """
SELECT chain, seq, encode(prev_hash, 'hex'), encode(hash, 'hex'), id::text,
       to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
       action, actor_kind, actor_id, actor_label, subject_type, subject_id,
       before::text, after::text, reason, correlation_id::text
FROM audit_entry
"""


@dataclass(slots=True)
class Read:
    """An entry as far as verifying needs it: hashes in hexadecimal, `digest` as it ought to be."""

    chain: str
    seq: int
    prev_hash: str
    hash: str
    digest: str


def entries(where: str = "", parameters: tuple[Any, ...] = ()) -> Iterator[Read]:
    """Yield entries by chain and number, streaming; `where` is a condition over the columns."""
    condition = f"WHERE {where}" if where else ""
    # A cursor of the server lives in a transaction.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(f"{_COLUMNS} {condition} ORDER BY chain, seq", parameters)
        while rows := cursor.fetchmany(CHUNK):
            for row in rows:
                yield Read(row[0], row[1], row[2], row[3], digest_of(row))


def digest_of(row: tuple[Any, ...]) -> str:
    """Return the SHA-256 of the canonical bytes: see `Entry.document` and `canonical.encode`."""
    (chain, seq, prev_hash, _, key, at, action, kind, actor, label, of, subject, *rest) = row
    before, after, reason, correlation = rest
    return sha256(
        (
            f'{{"action":{quoted(action)},"actor":[{quoted(kind)},{quoted(actor)},{quoted(label)}],'
            f'"after":{_json(after)},"at":"{at}","before":{_json(before)},"chain":{quoted(chain)},'
            f'"correlation_id":"{correlation}","id":"{key}","prev_hash":"{prev_hash}",'
            f'"reason":{quoted(reason)},"seq":{seq},"subject":[{quoted(of)},{quoted(subject)}]}}'
        ).encode()
    ).hexdigest()


def _json(text: str | None) -> str:
    if text is None:
        return "null"
    return canonical.dumped(json.loads(text))
