"""Who is still owed what: the SQL that decides which events go out again.

An event is missing where a consumer registered for its type has neither handled it nor given
it up. `wanted` is the table of (consumer, type) pairs of the registry.
"""

from typing import LiteralString

from tidegate.events.registry import listeners

MISSING: LiteralString = """
EXISTS (
    SELECT FROM unnest(%(consumers)s::text[], %(types)s::text[]) AS wanted (consumer, type)
    WHERE wanted.type = o.type
    AND NOT EXISTS (
        SELECT FROM events_inbox i
        WHERE i.consumer = wanted.consumer AND i.event_id = o.event_id
    )
    AND NOT EXISTS (
        SELECT FROM events_dead_letter d
        WHERE d.consumer = wanted.consumer AND d.event_id = o.event_id AND d.state = 'open'
    )
)
"""

OWE_EVERYTHING_MISSING: LiteralString = f"""
UPDATE events_outbox o SET published_at = NULL, settled = false
WHERE o.published_at IS NOT NULL AND {MISSING}
"""  # noqa: S608 - all of it is our own text
"""After the broker lost its memory."""

SETTLE: LiteralString = f"""
UPDATE events_outbox o SET settled = true
WHERE NOT o.settled AND o.published_at < now() - interval '5 seconds' AND NOT {MISSING}
"""  # noqa: S608 - as above
"""Events every listener has need not be looked at again."""

OWE_AGAIN: LiteralString = f"""
UPDATE events_outbox o SET published_at = NULL
WHERE NOT o.settled AND {MISSING} AND o.published_at < now()
    - %(patience)s * interval '1 second' * power(2, least(greatest(o.deliveries, 1), 7) - 1)
"""  # noqa: S608 - as above
"""Events that somebody still lacks long after they went out.

The patience doubles with every delivery, to 64 times: a consumer that is merely behind, or
off, must not find its backlog multiplied.
"""


def wanted() -> dict[str, list[str]]:
    """Return the parameters of `MISSING`."""
    pairs = [(one.name, kind) for one in listeners() for kind in sorted(one.types)]
    return {"consumers": [name for name, _ in pairs], "types": [kind for _, kind in pairs]}
