"""What a slate is composed of: candidates of every source, with what ranking needs to know."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import numpy as np

from recommendations.app.models import FeedChoices, ViewerState
from recommendations.app.ranker import common_in_force
from recommendations.app.selectors.sources import (
    IMPERSONAL,
    PERSONAL,
    REACHABLE,
    Asked,
    Hits,
    InLanguage,
    ask_all,
)
from recommendations.app.tastes import UnknownForm, unpacked
from recommendations.core.candidates import Candidate
from recommendations.core.ranking import Perspective
from recommendations.core.taste import Taste
from recommendations.core.vectors import DIMENSIONS, Vector
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.statements import Select, prepared

SESSION: Final = timedelta(minutes=30)
"""What was shown within it is not shown again while there is anything else."""
OFTEN: Final = 4
"""What was shown so often within a week and not opened is left to others."""
_HEADER_BYTES: Final = 4
"""pgvector's binary form: two 16-bit numbers (dimensions, unused), then big-endian float32."""

_ABOUT = f"""
SELECT i.asset_id, i.owner_id, i.family, i.released_at, i.heat, vector_send(meaning.embedding),
       i.tags, i.model, i.modality, i.shown, i.wins, i.budget,
       seen.asset_id IS NOT NULL, follow.id IS NOT NULL,
       coalesce(shown.times, 0), shown.last
FROM recommendations_item i
LEFT JOIN recommendations_item_vector meaning ON meaning.item_id = i.asset_id
LEFT JOIN recommendations_reaction seen
  ON seen.user_id = %(user)s::uuid AND seen.asset_id = i.asset_id AND seen.kind = 'seen'
LEFT JOIN recommendations_follow follow
  ON follow.user_id = %(user)s::uuid AND follow.creator_id = i.owner_id
LEFT JOIN (
    SELECT asset_id, count(*) AS times, max(at) AS last FROM recommendations_exposure
    WHERE user_id = %(user)s::uuid AND at > %(week)s GROUP BY asset_id
) AS shown ON shown.asset_id = i.asset_id
WHERE i.asset_id = ANY(%(found)s::uuid[]) AND {REACHABLE}
"""  # noqa: S608  # put together from constants
_KNOWN = Select(
    """
    SELECT {state}, {choices}, person.language FROM accounts_user AS person
    LEFT JOIN recommendations_viewer_state AS state ON state.user_id = person.id
    LEFT JOIN recommendations_feed_choices AS choices ON choices.user_id = person.id
    WHERE person.id = %s
    """,
    state=ViewerState,
    choices=FeedChoices,
)
_ANCHORS = """
SELECT item_id, vector_send(embedding) FROM recommendations_item_vector
WHERE item_id = ANY(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a slate is composed of. `fresh` was not shown lately; `shown` goes behind it."""

    fresh: tuple[Candidate, ...]
    shown: tuple[Candidate, ...]
    viewer: Perspective
    hits: tuple[Hits, ...]
    choices: FeedChoices | None

    @property
    def is_followed(self) -> bool:
        """Whether what they are shown may be remembered, and told from what others are shown."""
        return self.choices is None or self.choices.is_personal


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for beside who asks."""

    is_personal: bool = True
    catalogue: UUID | None = None
    excluded: tuple[UUID, ...] = ()


def candidates_for(viewer: Viewer, wish: Wish) -> Found:
    """Return what may interest a viewer; for nobody in particular, what is popular and new."""
    known = known_of(viewer)
    choices, moment = known.choices, now()
    is_personal = wish.is_personal and (choices is None or choices.is_personal)
    taste = known.taste if is_personal else None
    asked = Asked(
        viewer=viewer,
        catalogue=wish.catalogue,
        excluded=wish.excluded,
        languages=tuple(choices.languages) if choices else (),
        own_language=known.language,
        direction=taste.direction() if taste else None,
        current=taste.current(moment) if taste else None,
        touched=taste.touched if taste else (),
    )
    hits = ask_all(PERSONAL if is_personal else IMPERSONAL, asked)
    found = list(dict.fromkeys(asset_id for hit in hits for asset_id in hit.ids))
    fresh, shown = _described(asked, found, hits)
    silenced = frozenset(choices.silenced) if choices else frozenset()
    perspective = Perspective()
    if taste is not None:
        perspective = Perspective(
            direction=asked.direction,
            current=asked.current,
            aversion=taste.aversion(),
            affinities={
                facet: affinity
                for facet, affinity in taste.affinities.items()
                if facet not in silenced
            },
            anchors=_vectors([like.asset_id for like in taste.liked]),
            common=common_in_force(),
        )
    return Found(tuple(fresh), tuple(shown), perspective, tuple(hits), choices)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a viewer; nothing of somebody who is not signed in."""

    taste: Taste | None = None
    choices: FeedChoices | None = None
    language: str = ""


def known_of(viewer: Viewer) -> Known:
    """Return what is known of a viewer. One query."""
    if viewer.user_id is None:
        return Known()
    row = _KNOWN.first([viewer.user_id])
    if row is None:
        return Known()
    state, choices, language = row
    taste = None
    if state is not None:
        # One of another release is folded anew by the next deed; until then they are new.
        with suppress(UnknownForm):
            taste = unpacked(state.document)
    return Known(taste, choices, language)


def _described(
    asked: Asked, found: Sequence[UUID], hits: Sequence[Hits]
) -> tuple[list[Candidate], list[Candidate]]:
    moment = now()
    together = {key: value for hit in hits for key, value in hit.together.items()}
    native = {key for hit in hits if hit.name == InLanguage.name for key in hit.ids}
    with prepared() as cursor:
        cursor.execute(
            _ABOUT,
            {**asked.parameters(), "found": list(found), "week": moment - timedelta(days=7)},
        )
        rows = cursor.fetchall()
    by_id: dict[UUID, tuple[Candidate, bool]] = {}
    for row in rows:
        asset_id, owner_id, family, released_at, heat, sent, tags, model, modality = row[:9]
        shown, wins, budget, is_seen, is_followed, times, last = row[9:]
        strength, after = together.get(asset_id, (0.0, None))
        candidate = Candidate(
            asset_id=asset_id,
            owner_id=owner_id,
            family=family,
            released_at=released_at,
            heat=heat,
            vector=None if sent is None else _received(sent),
            is_seen=is_seen,
            tags=tuple(tags),
            model=model,
            modality=modality,
            together=strength,
            after=after,
            is_followed=is_followed,
            is_native=asset_id in native,
            shown=shown,
            wins=wins,
            budget=budget,
        )
        is_tired = times > 0 and (moment - last < SESSION or (times >= OFTEN and not is_seen))
        by_id[asset_id] = (candidate, is_tired)
    # In the order of the sources: the order of rows is no order.
    ordered = [by_id[asset_id] for asset_id in found if asset_id in by_id]
    return (
        [candidate for candidate, is_tired in ordered if not is_tired],
        [candidate for candidate, is_tired in ordered if is_tired],
    )


def _vectors(asset_ids: Sequence[UUID]) -> dict[UUID, Vector]:
    if not asset_ids:
        return {}
    with prepared() as cursor:
        cursor.execute(_ANCHORS, [list(asset_ids)])
        known = {asset_id: _received(sent) for asset_id, sent in cursor.fetchall()}
    return {asset_id: known[asset_id] for asset_id in asset_ids if asset_id in known}


def _received(sent: bytes) -> Vector:
    found = np.frombuffer(sent, dtype=">f4", offset=_HEADER_BYTES, count=DIMENSIONS)
    return found.astype(np.float32)
