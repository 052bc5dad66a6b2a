"""Where candidates come from: each source is a small class with a name, a limit and one statement.

What is certain to fail the gate is left out early, by copies that may be stale; the gate itself is
asked afterwards, of the assets.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

from django.db import connection

from recommendations.core import heat as heats
from recommendations.core.taste import Touch
from recommendations.core.together import FADING, PRIOR, WINDOW, strength
from recommendations.core.vectors import Vector
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.statements import prepared

logger = logging.getLogger(__name__)

SCALE: Final = 10.0
"""Brings the strength of what goes together to a range in which 1 is a lot."""

REACHABLE: Final = """
    i.is_listed AND i.owner_id IS DISTINCT FROM %(user)s::uuid
    AND EXISTS (
        SELECT 1 FROM projects_project p WHERE p.id = i.project_id
        AND (%(catalogue)s::uuid IS NULL OR p.organisation_id = %(catalogue)s::uuid)
        AND (
            p.audience = 'public'
            OR p.organisation_id IN (
                SELECT organisation_id FROM accounts_membership WHERE user_id = %(user)s::uuid)
            OR p.id IN (
                SELECT project_id FROM projects_collaborator WHERE user_id = %(user)s::uuid)))
    AND NOT EXISTS (
        SELECT 1 FROM recommendations_reaction r
        WHERE r.user_id = %(user)s::uuid AND r.asset_id = i.asset_id
          AND r.kind IN ('hide', 'less', 'report'))
    AND NOT EXISTS (
        SELECT 1 FROM recommendations_mute m
        WHERE m.user_id = %(user)s::uuid AND m.creator_id = i.owner_id)
    AND (cardinality(%(languages)s::text[]) = 0 OR i.language = ANY(%(languages)s::text[]))
    AND i.asset_id <> ALL(%(excluded)s::uuid[])
"""
"""What a viewer may be recommended, as far as copies tell: `i` is the item."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what; what the sources know of them."""

    viewer: Viewer
    catalogue: UUID | None = None
    excluded: tuple[UUID, ...] = ()
    languages: tuple[str, ...] = ()
    own_language: str = ""
    direction: Vector | None = None
    current: Vector | None = None
    touched: tuple[Touch, ...] = ()

    def parameters(self) -> dict[str, Any]:
        """Return what `REACHABLE` needs."""
        return {
            "user": self.viewer.user_id,
            "catalogue": self.catalogue,
            "languages": list(self.languages),
            "excluded": list(self.excluded),
        }


@dataclass(frozen=True, slots=True)
class Hits:
    """What one source found, the best first, and how long it took.

    `together` says how much an item follows from what was turned to, and from what most.
    """

    name: str
    ids: tuple[UUID, ...]
    seconds: float
    together: Mapping[UUID, tuple[float, UUID]] = field(default_factory=dict)


class CandidateSource(Protocol):
    """Finds items that may interest a viewer."""

    name: ClassVar[str]

    @property
    def limit(self) -> int:
        """How many it finds at most."""
        ...

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Return up to `limit` ids, the best first; none where it has nothing to go by."""
        ...


@dataclass(frozen=True, slots=True)
class NearTaste:
    """What means nearly what they have liked for weeks."""

    name: ClassVar[str] = "near_taste"
    limit: int = 80

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Search the index of vectors around the long taste."""
        return nearest(asked, asked.direction, self.limit)


@dataclass(frozen=True, slots=True)
class NearNow:
    """What means nearly what they look at these hours."""

    name: ClassVar[str] = "near_now"
    limit: int = 40

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Search the index of vectors around the short taste."""
        return nearest(asked, asked.current, self.limit)


@dataclass(frozen=True, slots=True)
class Followed:
    """The newest of those they follow or work with."""

    name: ClassVar[str] = "followed"
    limit: int = 40

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Read the newest per creator, so that one who makes much does not hide the others."""
        if asked.viewer.user_id is None:
            return ()
        return _ids(
            f"""
            SELECT found.asset_id FROM (
                SELECT creator_id AS owner_id FROM recommendations_follow
                WHERE user_id = %(user)s::uuid
                UNION
                SELECT c.user_id FROM projects_collaborator c JOIN projects_collaborator me
                  ON me.project_id = c.project_id AND me.user_id = %(user)s::uuid
                WHERE c.user_id <> %(user)s::uuid
            ) AS liked CROSS JOIN LATERAL (
                SELECT i.asset_id, i.released_at FROM recommendations_item i
                WHERE i.owner_id = liked.owner_id AND {REACHABLE}
                ORDER BY i.released_at DESC LIMIT 5
            ) AS found ORDER BY found.released_at DESC LIMIT %(limit)s
            """,  # noqa: S608  # put together from constants of this file
            asked,
            self.limit,
        )


@dataclass(frozen=True, slots=True)
class Trending:
    """What others like now; likes fade with a half-life."""

    name: ClassVar[str] = "trending"
    limit: int = 40

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Read the hottest."""
        return _ids(
            f"""SELECT i.asset_id FROM recommendations_item i
            WHERE i.heat IS NOT NULL AND {REACHABLE} ORDER BY i.heat DESC LIMIT %(limit)s""",  # noqa: S608  # as above
            asked,
            self.limit,
        )


@dataclass(frozen=True, slots=True)
class InLanguage:
    """What those who read the same language like now."""

    name: ClassVar[str] = "in_language"
    limit: int = 20

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Read the hottest of authors with the viewer's language."""
        if not asked.own_language:
            return ()
        return _ids(
            f"""SELECT i.asset_id FROM recommendations_item i
            WHERE i.language = %(language)s AND i.heat IS NOT NULL AND {REACHABLE}
            ORDER BY i.heat DESC LIMIT %(limit)s""",  # noqa: S608  # as above
            asked,
            self.limit,
            language=asked.own_language,
        )


@dataclass(frozen=True, slots=True)
class Fresh:
    """The newest."""

    name: ClassVar[str] = "fresh"
    limit: int = 40

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Read the newest."""
        return _ids(
            f"""SELECT i.asset_id FROM recommendations_item i
            WHERE {REACHABLE} ORDER BY i.released_at DESC LIMIT %(limit)s""",  # noqa: S608  # as above
            asked,
            self.limit,
        )


@dataclass(frozen=True, slots=True)
class Untried:
    """What has places of exploration left, the longest waiting first."""

    name: ClassVar[str] = "untried"
    limit: int = 40

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Read those with budget left, of the last two days."""
        return _ids(
            f"""SELECT i.asset_id FROM recommendations_item i
            WHERE i.shown < i.budget AND i.released_at > now() - interval '48 hours' AND {REACHABLE}
            ORDER BY i.released_at LIMIT %(limit)s""",  # noqa: S608  # as above
            asked,
            self.limit,
        )


@dataclass(frozen=True, slots=True)
class TogetherWith:
    """What others turned to around what this viewer turned to last."""

    name: ClassVar[str] = "together"
    limit: int = 40

    def find(self, asked: Asked) -> tuple[UUID, ...]:
        """Return the strongest; `strengths` says how strong."""
        return tuple(self.strengths(asked))

    def strengths(self, asked: Asked) -> dict[UUID, tuple[float, UUID]]:
        """Return what follows from the last things touched, how much, and from which most."""
        recent = [touch.asset_id for touch in asked.touched[:WINDOW]]
        if not recent:
            return {}
        with prepared() as cursor:
            cursor.execute(
                """
                SELECT t.item_id, t.other_id, t.weight, own.weight, alone.weight
                FROM unnest(%(recent)s::uuid[]) AS touched(item_id)
                CROSS JOIN LATERAL (
                    SELECT item_id, other_id, weight FROM recommendations_together t
                    WHERE t.item_id = touched.item_id AND t.other_id <> t.item_id
                    ORDER BY weight DESC LIMIT 30
                ) AS t
                JOIN recommendations_together own
                  ON own.item_id = t.item_id AND own.other_id = t.item_id
                LEFT JOIN recommendations_together alone
                  ON alone.item_id = t.other_id AND alone.other_id = t.other_id
                WHERE t.other_id <> ALL(%(recent)s::uuid[])
                """,
                {"recent": recent},
            )
            rows = cursor.fetchall()
        moment = now()
        lag = {asset_id: place for place, asset_id in enumerate(recent)}
        total: dict[UUID, float] = {}
        most: dict[UUID, tuple[float, UUID]] = {}
        for item, other, pair, own, alone in rows:
            part = (
                SCALE
                * FADING ** lag[item]
                * strength(
                    heats.count(pair, moment),
                    heats.count(own, moment),
                    0.0 if alone is None else heats.count(alone, moment),
                )
                * (PRIOR**0.4)
            )
            total[other] = total.get(other, 0.0) + part
            if other not in most or part > most[other][0]:
                most[other] = (part, item)
        best = sorted(total, key=lambda other: (-total[other], other))[: self.limit]
        return {other: (total[other], most[other][1]) for other in best}


PERSONAL: Final[tuple[CandidateSource, ...]] = (
    NearTaste(),
    NearNow(),
    TogetherWith(),
    Followed(),
    Trending(),
    InLanguage(),
    Fresh(),
    Untried(),
)
IMPERSONAL: Final[tuple[CandidateSource, ...]] = (Trending(), InLanguage(), Fresh(), Untried())
"""What a feed without a profile is made of: nothing of it depends on what somebody did."""


def ask_all(sources: Sequence[CandidateSource], asked: Asked) -> list[Hits]:
    """Ask every source, one after the other, and say how long each took."""
    hits: list[Hits] = []
    for source in sources:
        began = time.perf_counter()
        if isinstance(source, TogetherWith):
            together = source.strengths(asked)
            ids = tuple(together)
        else:
            together = {}
            ids = source.find(asked)
        hits.append(Hits(source.name, ids, time.perf_counter() - began, together))
    return hits


def _ids(statement: str, asked: Asked, limit: int, **more: Any) -> tuple[UUID, ...]:
    with prepared() as cursor:
        cursor.execute(statement, {**asked.parameters(), "limit": limit, **more})
        return tuple(row[0] for row in cursor.fetchall())


WIDE_SEARCH: Final = """
SET LOCAL hnsw.iterative_scan = relaxed_order;
SET LOCAL hnsw.max_scan_tuples = 4000;
SET LOCAL hnsw.ef_search = 120;
"""
"""Lets a scan of the vectors go on until enough of them passed the filter.

Without it, a viewer whose surroundings are private, hidden or just deleted would get a handful.
"""


def nearest(asked: Asked, towards: Vector | None, limit: int) -> tuple[UUID, ...]:
    """Return the ids of the items nearest to a direction that the asker may be recommended."""
    if towards is None:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(
            WIDE_SEARCH  # noqa: S608  # put together from constants of this file
            + f"""SELECT v.item_id FROM recommendations_item_vector v
            JOIN recommendations_item i ON i.asset_id = v.item_id
            WHERE {REACHABLE}
            ORDER BY v.embedding <=> %(towards)s::vector LIMIT %(limit)s""",  # noqa: S608  # as above
            {
                **asked.parameters(),
                "towards": "[" + ",".join(f"{value:.6g}" for value in towards.tolist()) + "]",
                "limit": limit,
            },
        )
        while cursor.description is None:
            cursor.nextset()
        return tuple(row[0] for row in cursor.fetchall())
