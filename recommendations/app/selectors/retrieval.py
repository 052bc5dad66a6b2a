"""Candidates out of the database, in one round trip.

Four lists in one statement: nearest to the taste (HNSW), hottest, newest, and the viewer's own
likes as anchors. What is certain to fail the gate is left out early, by copies that may be
stale; the gate itself is asked afterwards, of the assets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection

from recommendations.core.slates import Candidate
from recommendations.core.vectors import DIMENSIONS, Vector
from tidegate.accounts.viewers import Viewer

NEAREST, HOTTEST, NEWEST = 120, 40, 40
_HEADER_BYTES = 4
"""pgvector's binary form: two 16-bit numbers (dimensions, unused), then big-endian float32."""

# The scan goes on until enough rows passed the filter; without it, a viewer whose surroundings
# are private or hidden would get a handful of the 120.
_PREPARE = """
SET LOCAL hnsw.iterative_scan = relaxed_order;
SET LOCAL hnsw.max_scan_tuples = 4000;
SET LOCAL hnsw.ef_search = 120;
"""

_REACHABLE = """
    i.is_listed AND i.owner_id IS DISTINCT FROM %(user)s::uuid
    AND EXISTS (
        SELECT 1 FROM projects_project p WHERE p.id = i.project_id AND (
            p.audience = 'public'
            OR p.organisation_id IN (
                SELECT organisation_id FROM accounts_membership WHERE user_id = %(user)s::uuid)
            OR p.id IN (
                SELECT project_id FROM projects_collaborator WHERE user_id = %(user)s::uuid)))
    AND NOT EXISTS (
        SELECT 1 FROM recommendations_reaction r
        WHERE r.user_id = %(user)s::uuid AND r.asset_id = i.asset_id
          AND r.kind IN ('hide', 'report'))
"""
_COLUMNS = "i.asset_id, i.owner_id, i.family, i.released_at, i.heat, i.embedding"

_FIND = f"""
WITH me AS MATERIALIZED (
    SELECT direction, liked FROM recommendations_viewer_state WHERE user_id = %(user)s::uuid
), found AS (
    (SELECT {_COLUMNS}, FALSE AS is_anchor FROM recommendations_item i
     WHERE (SELECT direction FROM me) IS NOT NULL AND i.embedding IS NOT NULL AND {_REACHABLE}
     ORDER BY i.embedding <=> (SELECT direction FROM me) LIMIT %(nearest)s)
    UNION ALL
    (SELECT {_COLUMNS}, FALSE FROM recommendations_item i
     WHERE i.heat IS NOT NULL AND {_REACHABLE} ORDER BY i.heat DESC LIMIT %(hottest)s)
    UNION ALL
    (SELECT {_COLUMNS}, FALSE FROM recommendations_item i
     WHERE {_REACHABLE} ORDER BY i.released_at DESC LIMIT %(newest)s)
    UNION ALL
    (SELECT {_COLUMNS}, TRUE FROM me, jsonb_array_elements(me.liked) AS l
     JOIN recommendations_item i ON i.asset_id = (l ->> 0)::uuid
     WHERE i.embedding IS NOT NULL)
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, direction, TRUE FROM me WHERE direction IS NOT NULL
)
SELECT f.asset_id, f.owner_id, f.family, f.released_at, f.heat, vector_send(f.embedding),
       f.is_anchor, r.asset_id IS NOT NULL
FROM found f LEFT JOIN recommendations_reaction r
  ON r.user_id = %(user)s::uuid AND r.asset_id = f.asset_id AND r.kind = 'seen'
"""  # noqa: S608  # put together from constants of this file


@dataclass(frozen=True, slots=True)
class Found:
    """What a slate is composed of; `direction` is None for a cold viewer."""

    candidates: tuple[Candidate, ...]
    anchors: Mapping[UUID, Vector]
    direction: Vector | None


def candidates_for(viewer: Viewer) -> Found:
    """Return what may interest a viewer; for nobody in particular, what is popular and new."""
    parameters = {
        "user": viewer.user_id,
        "nearest": NEAREST,
        "hottest": HOTTEST,
        "newest": NEWEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PREPARE + _FIND, parameters)
        while cursor.description is None:
            cursor.nextset()
        rows = cursor.fetchall()
    candidates: dict[UUID, Candidate] = {}
    anchors: dict[UUID, Vector] = {}
    direction: Vector | None = None
    for asset_id, owner_id, family, released_at, heat, sent, is_anchor, is_seen in rows:
        embedding = None if sent is None else _received(sent)
        if asset_id is None:
            direction = embedding
        elif is_anchor:
            anchors[asset_id] = embedding  # type: ignore[assignment]  # selected as not null
        else:
            candidates[asset_id] = Candidate(
                asset_id=asset_id,
                owner_id=owner_id,
                family=family,
                released_at=released_at,
                heat=heat,
                vector=embedding,
                is_seen=is_seen,
            )
    return Found(tuple(candidates.values()), anchors, direction)


def _received(sent: bytes) -> Vector:
    found = np.frombuffer(sent, dtype=">f4", offset=_HEADER_BYTES, count=DIMENSIONS)
    return found.astype(np.float32)
