"""Stored decisions for a backtest: read in a stream, with what people decided afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from moderation.app.models import Case, OrganisationRules, Verdict
from moderation.core import tightening
from moderation.core.backtesting import Stored, context_of
from moderation.core.decisions import Verdict as Said
from moderation.core.tightening import TighteningFile

_CHUNK = 2_000
# Moment, key, asset, verdict, findings, hash hits, and what a person decided.
_Kept: TypeAlias = (
    "tuple[datetime, UUID, UUID, str, list[dict[str, Any]], list[dict[str, Any]], str | None]"
)
Place: TypeAlias = tuple[datetime, UUID]
"""Where a run over decisions stands: the moment and the id of the last one."""


def stored_decisions(*, since: datetime, until: datetime) -> Iterator[Stored]:
    """Yield every verdict of a period (`until` excluded), oldest first, whatever became of it.

    A person's last decision about the asset is the label; what the platform decided by itself
    (an outage that healed) is none. What organisations and projects had stricter then comes along.
    """
    written = _Written()
    for row in _rows(since, until).iterator(chunk_size=_CHUNK):
        yield _stored(row, written)


def decisions_after(
    place: Place | None, *, since: datetime, until: datetime, at_most: int
) -> list[tuple[Place, Stored]]:
    """Return the next decisions of a period, as `stored_decisions` does, each with its place."""
    rows = _rows(since, until)
    if place is not None:
        at, key = place
        rows = rows.filter(created_at__gte=at).filter(Q(created_at__gt=at) | Q(id__gt=key))
    written = _Written()
    return [((row[0], row[1]), _stored(row, written)) for row in rows[:at_most]]


class _Written:
    """Rules of organisations by id, each read once: they are few and never change."""

    def __init__(self) -> None:
        self._known: dict[str, TighteningFile] = {}

    def rules(self, key: str) -> TighteningFile:
        """Return the rules of a row."""
        if key not in self._known:
            source = OrganisationRules.objects.values_list("source", flat=True).get(pk=key)
            self._known[key] = tightening.read_stored(source)
        return self._known[key]


def _rows(since: datetime, until: datetime) -> "QuerySet[Verdict, _Kept]":
    decided = Case.objects.filter(
        asset=OuterRef("asset"), state=Case.State.DECIDED, decided_by_system=False
    ).order_by("-decided_at")
    return (
        Verdict.objects.filter(created_at__gte=since, created_at__lt=until)
        .annotate(outcome=Subquery(decided.values("outcome")[:1]))
        .order_by("created_at", "id")
        .values_list("created_at", "id", "asset_id", "verdict", "signals", "hash_hits", "outcome")
    )


def _stored(row: "_Kept", written: _Written) -> Stored:
    _, key, asset_id, verdict, findings, hash_hits, outcome = row
    stored = Stored(
        id=str(key),
        asset_id=str(asset_id),
        verdict=Said(verdict),
        findings=findings,
        hash_hits=hash_hits,
        is_harmful=None if outcome is None else outcome == Case.Ruling.BLOCK,
    )
    rules = tuple(map(written.rules, context_of(stored.findings).tightened_by))
    return replace(stored, tightened_by=rules) if rules else stored
