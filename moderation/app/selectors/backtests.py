"""Stored decisions for a backtest: read in a stream, with what people decided afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from moderation.app.models import Case, OrganisationRules, Verdict
from moderation.core import tightening
from moderation.core.backtesting import Stored, context_of
from moderation.core.decisions import Verdict as Said
from moderation.core.tightening import TighteningFile

_CHUNK = 2_000
# Key, asset, verdict, findings, hash hits, and what a person decided.
_Kept: TypeAlias = "tuple[UUID, UUID, str, list[dict[str, Any]], list[dict[str, Any]], str | None]"


def stored_decisions(*, since: datetime, until: datetime) -> Iterator[Stored]:
    """Yield every verdict of a period (`until` excluded), oldest first, whatever became of it.

    A person's last decision about the asset is the label; what the platform decided by itself
    (an outage that healed) is none. What organisations and projects had stricter then comes along.
    """
    written = _Written()
    for row in _rows(since, until).iterator(chunk_size=_CHUNK):
        key, asset_id, verdict, findings, hash_hits, outcome = row
        stored = Stored(
            id=str(key),
            asset_id=str(asset_id),
            verdict=Said(verdict),
            findings=findings,
            hash_hits=hash_hits,
            is_harmful=None if outcome is None else outcome == Case.Ruling.BLOCK,
        )
        rules = tuple(map(written.rules, context_of(stored).tightened_by))
        yield replace(stored, tightened_by=rules) if rules else stored


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
        .values_list("id", "asset_id", "verdict", "signals", "hash_hits", "outcome")
    )
