"""Writes of the taxonomy: publishing what a release says as rows."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from moderation.app.models import TaxonomyHazard, TaxonomyMapping
from moderation.core.taxonomy import Scheme, Taxonomy
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import Conflict

PUBLISHER = Actor.system("moderation")
_HAZARD = ("name", "severity", "refines", "titles", "definitions")
_MAPPING = ("code", "label", "hazard", "note")


@transaction.atomic
def publish_taxonomy(*, taxonomy: Taxonomy) -> list[str]:
    """Write every version that has no rows yet, and return their names; again changes nothing.

    Raises:
        Conflict: a version that is published says something else now: rows are never changed, so
            it needs a new version.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE moderation_taxonomy_mapping IN SHARE ROW EXCLUSIVE MODE")
    published = []
    hazards = [
        {
            "name": entry.name.value,
            "severity": entry.severity,
            "refines": entry.refines.value if entry.refines else "",
            "titles": dict(entry.title),
            "definitions": dict(entry.definition),
        }
        for entry in taxonomy.hazards
    ]
    known = TaxonomyHazard.objects.filter(version=taxonomy.version).values(*_HAZARD)
    if _is_new("hazards", taxonomy.version, known, hazards):
        TaxonomyHazard.objects.bulk_create(
            TaxonomyHazard(version=taxonomy.version, **fields) for fields in hazards
        )
        published.append(f"hazards {taxonomy.version}")
    for scheme in taxonomy.schemes.values():
        rows = _mappings(scheme)
        known = TaxonomyMapping.objects.filter(scheme=scheme.name, version=scheme.version).values(
            *_MAPPING
        )
        if _is_new(scheme.name, scheme.version, known, rows):
            TaxonomyMapping.objects.bulk_create(
                TaxonomyMapping(scheme=scheme.name, version=scheme.version, **fields)
                for fields in rows
            )
            published.append(f"{scheme.name} {scheme.version}")
    for name in published:
        record(
            Action.TAXONOMY_PUBLISHED,
            chain="platform",
            actor=PUBLISHER,
            subject_type="moderation.taxonomy",
            subject_id=name,
            before=None,
            after={"version": name},
            reason="part of this release",
        )
    return published


def _mappings(scheme: Scheme) -> list[dict[str, Any]]:
    rows = [
        {"code": code.code, "label": code.label, "hazard": hazard, "note": code.note}
        for code in scheme.codes
        for hazard in (*(one.value for one in code.hazards),) or ("",)
    ]
    return rows + [
        {"code": "", "label": "", "hazard": hazard.value, "note": why}
        for hazard, why in scheme.unmapped.items()
    ]


def _is_new(
    name: str, version: str, known: Iterable[dict[str, Any]], wanted: list[dict[str, Any]]
) -> bool:
    def ordered(rows: Iterable[dict[str, Any]]) -> list[str]:
        return sorted(repr(sorted(row.items())) for row in rows)

    there = ordered(known)
    if there and there != ordered(wanted):
        raise Conflict(
            f"{name} {version} is published and says something else: a change needs a new version.",
            code="taxonomy_changed",
        )
    return not there
