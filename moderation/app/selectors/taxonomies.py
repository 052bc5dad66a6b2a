"""Reads of the taxonomy: the newest version of the hazards and of every scheme."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moderation.app.models import TaxonomyHazard, TaxonomyMapping


@dataclass(frozen=True, slots=True)
class PublishedTaxonomy:
    """Hazards gravest first, and mappings by scheme; of each the version published last."""

    version: str
    hazards: Sequence[TaxonomyHazard]
    schemes: Mapping[str, Sequence[TaxonomyMapping]]


def published_taxonomy() -> PublishedTaxonomy:
    """Return what is published; empty before the first `manage.py publish_taxonomy`."""
    newest = TaxonomyHazard.objects.order_by("-created_at", "-id").first()
    version = newest.version if newest else ""
    schemes: dict[str, list[TaxonomyMapping]] = {}
    last = (
        TaxonomyMapping.objects.order_by("scheme", "-created_at", "-id")
        .distinct("scheme")
        .values_list("scheme", "version")
    )
    for name, of_scheme in list(last):
        rows = TaxonomyMapping.objects.filter(scheme=name, version=of_scheme)
        schemes[name] = list(rows.order_by("code", "hazard"))
    hazards = TaxonomyHazard.objects.filter(version=version).order_by("-severity", "name")
    return PublishedTaxonomy(version, list(hazards), schemes)
