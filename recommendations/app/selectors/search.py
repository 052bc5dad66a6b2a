"""Search: by words and by meaning, merged, and through the gate."""

from typing import Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from recommendations.app import embedding
from recommendations.app.selectors.pages import (
    FeedItem,
    Reason,
    is_covered,
    recommendable,
)
from recommendations.app.selectors.retrieval import known_of
from recommendations.app.selectors.sources import REACHABLE, Asked, nearest
from recommendations.core.triton import EmbedderUnavailable
from recommendations.core.vectors import vector
from recommendations.core.words import terms_of
from tidegate.accounts.viewers import Viewer
from tidegate.assets.selectors import attach_renditions
from tidegate.primitives.errors import InvalidInput

LIMIT: Final = 50
_LONGEST: Final = 400
_EACH: Final = 150
_ENOUGH: Final = 20
"""With so many that have all of the words, nothing is looked for that has some of them."""
_RANKED: Final = 2_000
"""Of a word that half of all works have, so many are ranked: more would take a second."""

_RANK_CONSTANT: Final = 60

_BY_WORDS = f"""
SELECT found.asset_id FROM (
    SELECT i.asset_id, w.words, i.released_at FROM recommendations_words w
    JOIN recommendations_item i ON i.asset_id = w.item_id
    WHERE w.words @@ to_tsquery('simple', %(terms)s) AND {REACHABLE} LIMIT %(ranked)s
) AS found
ORDER BY ts_rank_cd(found.words, to_tsquery('simple', %(terms)s), 1) DESC, found.released_at DESC
LIMIT %(limit)s
"""  # noqa: S608  # put together from constants


def search(
    viewer: Viewer, words: str, *, limit: int = 20, catalogue: UUID | None = None
) -> list[FeedItem]:
    """Return released assets that fit some words best, what the viewer may be recommended of them.

    By the words themselves and by what they mean, merged by reciprocal ranks (Cormack, Clarke and
    Büttcher, SIGIR 2009). While the embedder is away, by the words alone.

    Raises:
        InvalidInput: nothing to search for, or more than 400 characters.
    """
    asked_for = words.strip()
    if not asked_for or len(asked_for) > _LONGEST or "\0" in asked_for:
        raise InvalidInput("Search for one to 400 characters.", code="invalid_search", pointer="/q")
    choices = known_of(viewer).choices
    asked = Asked(
        viewer=viewer, catalogue=catalogue, languages=tuple(choices.languages) if choices else ()
    )
    merged: dict[UUID, float] = {}
    for found in (_by_words(asked, asked_for), _by_meaning(asked, asked_for)):
        for place, asset_id in enumerate(found, start=1):
            merged[asset_id] = merged.get(asset_id, 0.0) + 1.0 / (_RANK_CONSTANT + place)
    ordered = sorted(merged, key=lambda asset_id: (-merged[asset_id], asset_id))
    wanted = max(1, min(limit, LIMIT))
    assets = recommendable(viewer, ordered, choices)
    shown = [asset_id for asset_id in ordered if asset_id in assets][:wanted]
    attach_renditions([assets[asset_id] for asset_id in shown])
    reason = Reason("found", _("Found for “%(words)s”") % {"words": asked_for[:60]})
    return [
        FeedItem(assets[asset_id], reason, place, is_covered(assets[asset_id]))
        for place, asset_id in enumerate(shown, start=1)
    ]


def _by_words(asked: Asked, words: str) -> list[UUID]:
    terms = terms_of(words)
    if not terms:
        return []
    # Terms are letters and digits only: nothing in them is an operator. All of them, then any.
    with connection.cursor() as cursor:
        found: dict[UUID, None] = {}
        for operator in (" & ", " | "):
            cursor.execute(
                _BY_WORDS,
                {
                    **asked.parameters(),
                    "terms": operator.join(terms),
                    "limit": _EACH,
                    "ranked": _RANKED,
                },
            )
            found.update(dict.fromkeys(row[0] for row in cursor.fetchall()))
            if len(found) >= _ENOUGH or len(terms) == 1:
                break
    return list(found)[:_EACH]


def _by_meaning(asked: Asked, words: str) -> tuple[UUID, ...]:
    try:
        towards = vector(embedding.vectors_of([words])[0])
    except EmbedderUnavailable:
        return ()
    return nearest(asked, towards, _EACH)
