"""Why an output that passed still waits for a person: who made it, and what it was made from."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from moderation.app.models import Case, Restriction, Spread, Verdict
from moderation.app.services.holds import (
    because_of,
    move_held,
    note_hold,
    open_for,
    staff_reason,
)
from moderation.app.services.lineage import blocked_ancestor, spread_of
from moderation.core.hazards import UNKNOWN, urgency
from tidegate.assets.models import Asset
from tidegate.primitives.statements import Select

# Asked together in the place of the first of them: a verdict without a detour costs what it did.
_FIRST: Final = Select(
    """
    SELECT {verdict}, asset.id, ARRAY(
        SELECT restriction.id FROM moderation_restriction AS restriction
         WHERE restriction.author_id = asset.owner_id AND restriction.ended_at IS NULL
           AND (restriction.organisation_id IS NULL
                OR restriction.organisation_id = asset.organisation_id)
           AND (restriction.until IS NULL OR restriction.until > statement_timestamp())
           AND (restriction.kind IN ('hold_all', 'suspended')
                OR restriction.kind = 'no_public' AND EXISTS (
                    SELECT FROM projects_project AS project
                     WHERE project.id = asset.project_id AND project.audience = 'public'))
         ORDER BY restriction.id
    )
    FROM assets_asset AS asset
    LEFT JOIN LATERAL (
        SELECT * FROM moderation_verdict AS earliest WHERE earliest.asset_id = asset.id
         ORDER BY earliest.created_at, earliest.id LIMIT 1
    ) AS verdict ON true
    WHERE asset.id = ANY(%s::uuid[])
    """,
    verdict=Verdict,
)


def first_verdict(asset: Asset) -> tuple[Verdict | None, list[UUID]]:
    """Return the first verdict of a locked asset, and which restrictions would hold it."""
    return first_verdicts([asset])[asset.pk]


def first_verdicts(assets: Iterable[Asset]) -> dict[UUID, tuple[Verdict | None, list[UUID]]]:
    """Return what `first_verdict` does, of many locked assets; one query."""
    rows = _FIRST.all([[asset.pk for asset in assets]])
    return {asset_id: (verdict, restrictions) for verdict, asset_id, restrictions in rows}


def causes(asset: Asset, restriction_ids: list[UUID]) -> list[Restriction | Spread]:
    """Return what holds a locked asset in spite of its verdict."""
    found: list[Restriction | Spread] = []
    if restriction_ids:
        found += Restriction.objects.filter(pk__in=restriction_ids).order_by("pk")
    ancestor = blocked_ancestor(asset)
    if ancestor is not None:
        hazards = [reason["hazard"] for reason in ancestor.reasons if reason.get("hazard")]
        ranks = [urgency(hazard) for hazard in hazards]
        found.append(
            spread_of(ancestor, hazards=hazards, severity=max(ranks, default=urgency(UNKNOWN)))
        )
    return found


def reasons_of(found: list[Restriction | Spread]) -> list[dict[str, object]]:
    """Return the reasons that staff read beside those of the policy."""
    return [
        staff_reason(
            because_of(cause), str(cause.source_id if isinstance(cause, Spread) else cause.pk)
        )
        for cause in found
    ]


def divert(asset: Asset, found: list[Restriction | Spread], verdict: Verdict) -> Case:
    """Hold a pending asset that passed, with a case."""
    asset = move_held(asset, because_of(found[0]))
    case = open_for(asset, found[0], verdict=verdict)
    for cause in found:
        note_hold(asset, case, cause)
    return case
