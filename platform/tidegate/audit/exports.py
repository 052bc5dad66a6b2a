"""Exports of the trail, each of which the trail remembers."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from tidegate.audit import proofs
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import InvalidInput


def export(
    entries: QuerySet[Entry],
    *,
    actor: Actor,
    chain: str,
    asked: Mapping[str, Any],
    at_most: int | None = proofs.LARGEST_EXPORT,
) -> Iterator[str]:
    """Return an export as JSON Lines, and write into a chain that somebody took it.

    Raises:
        InvalidInput: more entries than `at_most`.
    """
    count = entries.count()
    if at_most is not None and count > at_most:
        raise InvalidInput(
            f"These are {count} entries, and one answer has at most {at_most}:"
            " choose a chain, a subject or a time.",
            code="export_too_large",
            pointer="/chain",
        )
    with transaction.atomic():
        record(
            Action.TRAIL_EXPORTED,
            chain=chain,
            actor=actor,
            subject_type="audit.trail",
            subject_id="",
            after={"entries": count, **asked},
        )
    return proofs.export_lines(entries)
