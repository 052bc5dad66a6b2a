"""Tastes and heat: the fold of the interaction log, many deeds in one transaction.

Deeds are folded in the order in which they come, and that order is kept (`folded_as`): a rebuild
folds in it again, and comes to the very same numbers.

Locks are taken in one order everywhere: viewers by id, then items by id.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from recommendations.app.models import FeedChoices, Interaction, Item, ViewerState
from recommendations.app.tastes import UnknownForm, packed, unpacked
from recommendations.core import heat as heats
from recommendations.core.taste import AGAINST, UNDONE, Deed, Taste, fold
from recommendations.core.vectors import Vector, vector
from tidegate.primitives.statements import prepared

_ACTED: Final = frozenset({"view", "play", "like", "save", "share", "remix"})
"""What says that a place of exploration was worth it."""

_FOLDING: Final = 0x7265_636F_666F_6C64
"""The advisory lock that folding shares ("recofold"): see `settled_place`."""

_LOCK_VIEWERS = """
SELECT id FROM accounts_user WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_ITEMS = """
SELECT asset_id, heat FROM recommendations_item WHERE asset_id = ANY(%s::uuid[])
ORDER BY asset_id FOR NO KEY UPDATE
"""
_STORE = """
INSERT INTO recommendations_viewer_state (user_id, document, at)
SELECT * FROM unnest(%s::uuid[], %s::bytea[], %s::timestamptz[])
ON CONFLICT (user_id) DO UPDATE SET document = EXCLUDED.document, at = EXCLUDED.at
"""
_FOLDED = """
UPDATE recommendations_interaction AS i SET is_folded = TRUE, folded_as = given.place
FROM (SELECT id, nextval('recommendations_folded') AS place
      FROM unnest(%s::uuid[]) WITH ORDINALITY AS given(id, number) ORDER BY number) AS given
WHERE i.id = given.id
"""
_WARM = """
UPDATE recommendations_item AS i SET heat = given.heat, wins = i.wins + given.wins
FROM unnest(%s::uuid[], %s::float8[], %s::int[]) AS given(asset_id, heat, wins)
WHERE i.asset_id = given.asset_id
"""
# The first thing that somebody did with what a place of exploration had shown them.
_WON = """
SELECT given.id FROM unnest(%(ids)s::uuid[], %(users)s::uuid[], %(assets)s::uuid[],
                            %(moments)s::timestamptz[]) AS given(id, user_id, asset_id, at)
WHERE EXISTS (SELECT 1 FROM recommendations_exposure e
              WHERE e.asset_id = given.asset_id AND e.user_id = given.user_id
                AND e.source = 'explore' AND e.at <= given.at)
  AND NOT EXISTS (SELECT 1 FROM recommendations_interaction i
                  WHERE i.user_id = given.user_id AND i.asset_id = given.asset_id
                    AND i.id <> given.id AND i.is_folded AND i.kind <> 'dwell')
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered of an asset where deeds are folded."""

    owner_id: UUID
    vector: Vector | None
    facets: tuple[str, ...]


@transaction.atomic
def apply_interaction(*, interaction_id: UUID) -> None:
    """Fold one interaction; see `apply_interactions`."""
    apply_interactions(interaction_ids=[interaction_id])


@transaction.atomic
def apply_interactions(*, interaction_ids: Sequence[UUID]) -> None:
    """Fold interactions into their viewers' tastes and their items' heat, in this order.

    One that is folded already is left alone. One that is gone (its account or its asset was erased
    meanwhile) is nothing to fold.
    """
    rows = Interaction.objects.filter(pk__in=interaction_ids, is_folded=False).in_bulk()
    deeds = [rows[key] for key in dict.fromkeys(interaction_ids) if key in rows]
    if not deeds:
        return
    users = sorted({deed.user_id for deed in deeds})
    items = sorted({deed.asset_id for deed in deeds})
    with prepared() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({_FOLDING})")
        cursor.execute(_LOCK_VIEWERS, [users])
        cursor.execute(_LOCK_ITEMS, [items])
        warmth: dict[UUID, float | None] = dict(cursor.fetchall())
    known = _known(items)
    given = _given(deeds)
    choices = FeedChoices.objects.in_bulk(users)
    tastes = _tastes(users)
    blank = [user for user in users if user not in tastes]
    had_some = set(
        Interaction.objects.filter(user_id__in=blank, is_folded=True)
        .order_by()
        .values_list("user_id", flat=True)
        .distinct()
    )
    for user in had_some:
        # The state was of another release, or lost: what was folded before is folded again first.
        tastes[user] = _refolded(user, choices.get(user)) or Taste.blank(deeds[0].at)
    for deed in deeds:
        taste = tastes.get(deed.user_id) or Taste.blank(deed.at)
        if _counts(deed, choices.get(deed.user_id)):
            taste = fold(taste, _as_deed(deed, known.get(deed.asset_id), given.get(deed.pk)))
        tastes[deed.user_id] = taste
    _store(tastes)
    won = _won(deeds)
    with prepared() as cursor:
        cursor.execute(_FOLDED, [[deed.pk for deed in deeds]])
    _warm(deeds, known, warmth, given, won)


def settled_place() -> int:
    """Return a place in the order of folding up to which nothing will come any more.

    Places are given before they are committed, by several processes at once. Whoever folds shares a
    lock from before; when it can be had alone, all that were given are committed or gone.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FOLDING])
        cursor.execute(
            "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM recommendations_folded"
        )
        place: int = cursor.fetchone()[0]
        return place


@transaction.atomic
def refold_viewer(*, user_id: UUID) -> Taste | None:
    """Compute a viewer's taste again from all that was folded; None when nothing was."""
    with prepared() as cursor:
        cursor.execute(_LOCK_VIEWERS, [[user_id]])
    taste = _refolded(user_id, FeedChoices.objects.filter(pk=user_id).first())
    if taste is None:
        ViewerState.objects.filter(pk=user_id).delete()
    else:
        _store({user_id: taste})
    return taste


def _refolded(user_id: UUID, choices: FeedChoices | None) -> Taste | None:
    log = list(
        Interaction.objects.filter(user_id=user_id, is_folded=True).order_by(
            "folded_as", "at", "pk"
        )
    )
    if not log:
        return None
    known = _known(sorted({deed.asset_id for deed in log}))
    given = _given(log)
    taste = Taste.blank(log[0].at)
    for deed in log:
        if _counts(deed, choices):
            taste = fold(taste, _as_deed(deed, known.get(deed.asset_id), given.get(deed.pk)))
    return taste


def _counts(deed: Interaction, choices: FeedChoices | None) -> bool:
    """Whether a deed says something of a taste: not what came before its viewer began anew."""
    if choices is None:
        return True
    return choices.forgets_before is None or deed.at > choices.forgets_before


def _as_deed(deed: Interaction, known: _Known | None, undoes: datetime | None) -> Deed:
    is_own = known is not None and known.owner_id == deed.user_id
    return Deed(
        kind=deed.kind,
        asset_id=deed.asset_id,
        at=deed.at,
        vector=None if known is None else known.vector,
        undoes=undoes,
        # Somebody's own work says what they like, and not that they are drawn to themselves.
        facets=() if known is None or is_own else known.facets,
    )


def _tastes(users: Sequence[UUID]) -> dict[UUID, Taste]:
    found: dict[UUID, Taste] = {}
    for state in ViewerState.objects.filter(pk__in=users):
        # One of another release is folded anew from the log, as one that is not there.
        with suppress(UnknownForm):
            found[state.user_id] = unpacked(state.document)
    return found


def _known(items: Sequence[UUID]) -> dict[UUID, _Known]:
    rows = Item.objects.filter(pk__in=items).values_list(
        "pk", "owner_id", "meaning__embedding", "tags", "model", "modality"
    )
    return {
        key: _Known(
            owner_id,
            None if embedding is None else vector(np.asarray(embedding, dtype=np.float32)),
            facets_of(owner_id=owner_id, tags=tags, model=model, modality=modality),
        )
        for key, owner_id, embedding, tags, model, modality in rows
    }


def facets_of(*, owner_id: UUID, tags: Iterable[str], model: str, modality: str) -> tuple[str, ...]:
    """Name what somebody may be drawn to in an item, as tastes name it."""
    return (
        f"creator:{owner_id}",
        *(f"tag:{tag}" for tag in tags),
        *([f"model:{model}"] if model else []),
        f"modality:{modality}",
    )


def _given(deeds: Sequence[Interaction]) -> dict[UUID, datetime]:
    """Return when that was done which an unlike or unsave takes back, by the undoing's id."""
    found: dict[UUID, datetime] = {}
    for deed in deeds:
        if deed.kind not in UNDONE:
            continue
        before = (
            Interaction.objects.filter(
                user_id=deed.user_id,
                asset_id=deed.asset_id,
                kind=UNDONE[deed.kind],
                is_effective=True,
                at__lte=deed.at,
            )
            .order_by("-at")
            .values_list("at", flat=True)
            .first()
        )
        if before is not None:
            found[deed.pk] = before
    return found


def _store(tastes: Mapping[UUID, Taste]) -> None:
    users = sorted(tastes)
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            [users, [packed(tastes[user]) for user in users], [tastes[user].at for user in users]],
        )


def _won(deeds: Sequence[Interaction]) -> set[UUID]:
    acted = [deed for deed in deeds if deed.kind in _ACTED]
    if not acted:
        return set()
    with prepared() as cursor:
        cursor.execute(
            _WON,
            {
                "ids": [deed.pk for deed in acted],
                "users": [deed.user_id for deed in acted],
                "assets": [deed.asset_id for deed in acted],
                "moments": [deed.at for deed in acted],
            },
        )
        found = {row[0] for row in cursor.fetchall()}
    first: dict[tuple[UUID, UUID], UUID] = {}
    for deed in acted:
        if deed.pk in found:
            first.setdefault((deed.user_id, deed.asset_id), deed.pk)
    return set(first.values())


def _warm(
    deeds: Sequence[Interaction],
    known: Mapping[UUID, _Known],
    warmth: dict[UUID, float | None],
    given: Mapping[UUID, datetime],
    won: set[UUID],
) -> None:
    """Bring the items' heat up to date. Nobody makes their own things popular."""
    wins: dict[UUID, int] = {}
    changed: set[UUID] = set()
    for deed in deeds:
        if deed.asset_id not in warmth or known[deed.asset_id].owner_id == deed.user_id:
            continue
        before = warmth[deed.asset_id]
        if deed.kind in UNDONE:
            taken = given.get(deed.pk)
            after = before if taken is None else heats.cooled(before, UNDONE[deed.kind], taken)
        elif deed.kind in AGAINST:
            after = before
        else:
            after = heats.heated(before, deed.kind, deed.at)
        warmth[deed.asset_id] = after
        if deed.pk in won:
            wins[deed.asset_id] = wins.get(deed.asset_id, 0) + 1
        if after != before or deed.pk in won:
            changed.add(deed.asset_id)
    if changed:
        items = sorted(changed)
        with connection.cursor() as cursor:
            cursor.execute(
                _WARM,
                [items, [warmth[item] for item in items], [wins.get(item, 0) for item in items]],
            )
