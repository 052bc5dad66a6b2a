"""What reviewers mark an asset with: for whom it is, and what stands beside it."""

from collections.abc import Sequence

from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.assets import AssetMarked
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor


def mark_asset(
    asset: Asset, *, rating: str, labels: Sequence[str], actor: Actor, reason: str
) -> None:
    """Give a locked asset its marks, inside the caller's transaction; the same ones change nothing.

    What codes there are is the gate's to say.
    """
    before = {"rating": asset.rating, "labels": list(asset.labels)}
    after = {"rating": rating, "labels": list(labels)}
    if before == after:
        return
    asset.rating, asset.labels = rating, list(labels)
    asset.save(update_fields=["rating", "labels"])
    announce(
        AssetMarked(
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            project_id=asset.project_id,
            rating=rating,
            labels=tuple(labels),
        ),
        correlation_id=asset.correlation_id,
    )
    record(
        Action.ASSET_MARKED,
        chain=f"organisation:{asset.organisation_id}",
        actor=actor,
        subject_type="assets.asset",
        subject_id=str(asset.pk),
        before=before,
        after=after,
        reason=reason,
        correlation_id=asset.correlation_id,
    )
