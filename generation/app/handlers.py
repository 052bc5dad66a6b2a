"""Stream entry points."""

from django.db import transaction

from generation.app import board
from generation.app.compositions.services import Prepared, apply_step, prepare_step
from generation.app.models import CompositionPart
from generation.app.services.settling import Ruled, settle_ruling
from generation.core.pricing import Reason
from tidegate.assets.models import Asset, Move, Visibility
from tidegate.contracts.assets import AssetVisibilityChanged
from tidegate.contracts.envelope import Envelope
from tidegate.contracts.generation import JobEnded
from tidegate.events.errors import CannotHeal
from tidegate.events.registry import consumer


def register() -> None:
    """Register the consumers `progress`, `credits` and `compositions`."""
    consumer("progress", {AssetVisibilityChanged: show_verdict})
    # Prepared, so that each event has a transaction of its own: it locks its payer.
    consumer("credits", {AssetVisibilityChanged: settle_verdict}, prepare=find_ruling)
    consumer(
        "compositions",
        {JobEnded: go_on, AssetVisibilityChanged: go_on},
        # The gate is asked about what comes next, which takes longer than a transaction should.
        prepare=prepare_to_go_on,
    )


def show_verdict(event: AssetVisibilityChanged, envelope: Envelope) -> None:
    """Wake who follows the asset's job: its visibility changed.

    The notice names the asset only; followers read state and reasons from the row they may see.
    """
    if event.job_id is None:
        return
    job_id = event.job_id
    notice = {
        "asset_id": str(event.asset_id),
        "visibility": event.after,
        "version": event.version,
    }
    transaction.on_commit(lambda: board.publish(job_id, "verdict", notice))


def find_ruling(event: AssetVisibilityChanged, envelope: Envelope) -> Ruled | None:
    """Return what a move of an output means for its charge; None where it means nothing.

    Raises:
        CannotHeal: the event names no asset.
    """
    is_blocked = event.after == "blocked"
    is_appealed = event.before == "blocked" and event.after == "released"
    if event.job_id is None or not (is_blocked or is_appealed):
        return None
    output_index = (
        Asset.objects.filter(pk=event.asset_id).values_list("output_index", flat=True).first()
    )
    if output_index is None:
        raise CannotHeal(f"there is no asset {event.asset_id}")
    reason = Reason.RELEASED_ON_APPEAL
    if is_blocked:
        was_released = Move.objects.filter(
            asset_id=event.asset_id, after=Visibility.RELEASED, version__lt=event.version
        ).exists()
        reason = Reason.BLOCKED_AFTER_RELEASE if was_released else Reason.BLOCKED_BY_POLICY
    return Ruled(
        job_id=event.job_id,
        organisation_id=event.organisation_id,
        output_index=output_index,
        version=event.version,
        reason=reason,
        correlation_id=envelope.correlation_id,
    )


def settle_verdict(event: AssetVisibilityChanged, envelope: Envelope, ruled: Ruled | None) -> None:
    """Refund or charge what the gate's ruling over an output says, exactly once."""
    if ruled is not None:
        settle_ruling(ruled)


def prepare_to_go_on(
    event: JobEnded | AssetVisibilityChanged, envelope: Envelope
) -> Prepared | None:
    """Make ready what a composition can do now that one of its parts changed."""
    if event.job_id is None:
        return None
    part = CompositionPart.objects.filter(job_id=event.job_id)
    composition_id = part.values_list("composition_id", flat=True).first()
    return None if composition_id is None else prepare_step(composition_id)


def go_on(
    event: JobEnded | AssetVisibilityChanged, envelope: Envelope, prepared: Prepared | None
) -> None:
    """Let a composition go on, once per event, and to no harm if it already did."""
    if prepared is not None:
        apply_step(prepared)
