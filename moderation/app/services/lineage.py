"""A block reaches what was made from the blocked and what is the same; its end gives that back.

So many at once in the transaction of the ruling; the rest by `go_on`, which may stop anywhere.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from moderation.app.configuration import consequences
from moderation.app.models import Hold, Spread
from moderation.app.services.holds import hold_asset, lock_assets, undo_holds
from tidegate.assets.lineage import (
    ancestors_of,
    descendants_and_duplicates_of,
    duplicates_of,
)
from tidegate.assets.models import Asset, Visibility
from tidegate.audit.services import lock_chains
from tidegate.primitives.clock import now

RESTORED = "what it was made from was released again"


def to_hold(source_id: UUID, spread: Spread | None = None) -> list[UUID]:
    """Return what a block of the source must reach next, as many as at once.

    What was made from it, at every remove, and what consists of the same bytes, whoever made it.
    """
    is_held_for_others = Q(visibility=Visibility.HELD) & Exists(
        Hold.objects.filter(asset=OuterRef("pk"), ended_at=None)
    )
    found = descendants_and_duplicates_of(source_id).filter(
        Q(visibility=Visibility.RELEASED) | is_held_for_others
    )
    if spread is not None:
        found = found.exclude(Exists(Hold.objects.filter(asset=OuterRef("pk"), spread=spread)))
    return list(found.order_by("pk").values_list("pk", flat=True)[: consequences().lineage_at_once])


def spread_block(
    source: Asset, assets: Sequence[Asset], *, hazards: Sequence[str], severity: int
) -> Spread | None:
    """Hold these descendants of an asset that is blocked just now; None when it has none."""
    if not assets:
        return None
    spread = spread_of(source, hazards=hazards, severity=severity)
    _reach(spread, assets)
    return spread


def spread_of(source: Asset, *, hazards: Sequence[str], severity: int) -> Spread:
    """Return the open spread of a blocked asset, the same for as long as it is blocked."""
    spread, _ = Spread.objects.get_or_create(
        source=source,
        ended_at=None,
        defaults={"hazards": list(hazards), "severity": severity},
    )
    return spread


def open_spread(source_id: UUID) -> Spread | None:
    """Return the spread that a release of the asset would end."""
    return Spread.objects.filter(source_id=source_id, ended_at=None).first()


def to_undo(spread: Spread) -> list[UUID]:
    """Return the next assets that are held for a spread, as many as at once."""
    return list(
        _holds_of(spread)
        .order_by("asset_id")
        .values_list("asset_id", flat=True)[: consequences().lineage_at_once]
    )


def end_spread(spread: Spread, assets: dict[UUID, Asset]) -> None:
    """Give back these descendants: their ancestor is released again."""
    spread.ended_at = spread.ended_at or now()
    undo_holds(
        list(_holds_of(spread).filter(asset__in=assets).order_by("asset_id")),
        assets,
        reason=RESTORED,
    )
    if not _holds_of(spread).exists():
        spread.undone_at = now()
    spread.save(update_fields=["ended_at", "undone_at"])


def blocked_ancestor(asset: Asset) -> Asset | None:
    """Return a blocked asset that a locked one was made from, locked against its release.

    A person who released something in between knew what it was made from: nothing above that
    counts.
    """
    if asset.parent_id is None and asset.modality != "composition":
        return None
    above = ancestors_of(asset.pk).select_for_update(of=("self",), no_key=True).order_by("pk")
    family = {one.pk: one for one in above}
    if all(one.visibility != Visibility.BLOCKED for one in family.values()):
        return None
    cleared = set(
        Hold.objects.filter(
            asset__in=family, spread__isnull=False, ended_because=Hold.Ended.DECIDED
        ).values_list("asset_id", flat=True)
    )
    seen: set[UUID] = set()
    waiting = [asset]
    while waiting:
        one = waiting.pop()
        parts = [other for other in family.values() if other.whole_id == one.pk]
        origin = family.get(one.parent_id) if one.parent_id is not None else None
        for other in [*parts, *([origin] if origin else [])]:
            if other.pk in seen:
                continue
            seen.add(other.pk)
            if other.visibility == Visibility.BLOCKED:
                return other
            if other.visibility != Visibility.RELEASED or other.pk not in cleared:
                waiting.append(other)
    return None


def blocked_duplicate(asset: Asset) -> Asset | None:
    """Return what consists of the same bytes and is blocked, unless a person knew and released."""
    knew = Hold.objects.filter(
        asset=asset, spread__isnull=False, ended_because=Hold.Ended.DECIDED
    ).exists()
    if knew:
        return None
    return duplicates_of(asset.pk).filter(visibility=Visibility.BLOCKED).order_by("pk").first()


def go_on() -> int:
    """Reach what blocks have not reached yet, and give back what is still to be; return how many.

    Every batch is a transaction of its own.
    """
    done = 0
    under_way = Spread.objects.filter(
        Q(ended_at=None, finished_at=None) | Q(ended_at__isnull=False, undone_at=None)
    )
    for spread_id in list(under_way.order_by("created_at").values_list("pk", flat=True)):
        while moved := _one_batch(spread_id):
            done += moved
    return done


@transaction.atomic
def _one_batch(spread_id: UUID) -> int:
    """Do the next batch of a spread; 0 when it is done, or somebody else is at it."""
    source_id = Spread.objects.values_list("source_id", flat=True).get(pk=spread_id)
    lock_assets([source_id])
    spread = Spread.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=spread_id)
    found = spread.first()
    if found is None or found.undone_at is not None:
        return 0
    is_over = found.ended_at is not None
    ids = to_undo(found) if is_over else to_hold(source_id, found)
    assets = lock_assets(ids)
    lock_chains(f"organisation:{asset.organisation_id}" for asset in assets.values())
    if is_over:
        end_spread(found, assets)
    elif found.finished_at is None:
        _reach(found, list(assets.values()))
    return len(assets)


def _reach(spread: Spread, assets: Sequence[Asset]) -> None:
    for asset in assets:
        hold_asset(asset, spread)
    if len(assets) < consequences().lineage_at_once:
        spread.finished_at = now()
        spread.save(update_fields=["finished_at"])


def _holds_of(spread: Spread) -> QuerySet[Hold]:
    return Hold.objects.filter(spread=spread, ended_at=None)
