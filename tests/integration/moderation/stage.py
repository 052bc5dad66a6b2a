"""What the tests of the gate do again and again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

from moderation.app.handlers import on_asset_created, prepare_asset
from moderation.app.models import Case, Verdict
from tests import factories
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Rendition
from tidegate.assets.services import Media
from tidegate.audit.models import Entry
from tidegate.contracts.assets import AssetCreated
from tidegate.contracts.envelope import Envelope, decode, wrap
from tidegate.contracts.generation import Modality
from tidegate.contracts.interactions import InteractionRecorded
from tidegate.events.handling import Arrived, Outcome, handle_group
from tidegate.events.models import Outbox
from tidegate.events.registry import listener
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id


def pending(
    *, modality: str = "text", prompt: str = "a calm harbour", content: str | bytes = "Still water."
) -> Asset:
    """Make a pending asset of a modality; `content` is its text or its bytes."""
    if modality == "text":
        return factories.make_asset(visibility="pending", prompt=prompt, text=str(content))
    data = content if isinstance(content, bytes) else content.encode()
    media_type = {"image": "image/png", "speech": "audio/wav"}.get(modality, "video/mp4")
    return factories.make_asset(
        visibility="pending",
        modality=cast("Modality", modality),
        prompt=prompt,
        media=[Media("original", data, media_type)],
    )


def created(asset: Asset) -> tuple[AssetCreated, Envelope]:
    """Return the creation event of an asset and its envelope, as the consumer gets them."""
    original = Rendition.objects.get(asset=asset, kind="original")
    event = AssetCreated(
        asset_id=asset.pk,
        organisation_id=asset.organisation_id,
        project_id=asset.project_id,
        owner_id=asset.owner_id,
        job_id=asset.job_id,
        modality=cast("Modality", asset.modality),
        media_type=asset.media_type,
        sha256=original.blob_id,
        model_name=asset.model_name,
        prompt=asset.prompt,
    )
    row = Outbox.objects.get(key=str(asset.pk), type=AssetCreated.TYPE)
    return event, decode(bytes(row.value))


def consume(asset: Asset) -> None:
    """Do what the consumer does with the creation of an asset."""
    event, envelope = created(asset)
    on_asset_created(event, envelope, prepare_asset(event, envelope))


def arrived(asset: Asset) -> Arrived:
    """Return the creation event of an asset as the consumer takes it."""
    event, envelope = created(asset)
    return Arrived(event, envelope, attempts=0, lane=event.key())


def consume_together(assets: Sequence[Asset]) -> list[Outcome]:
    """Do what the consumer does with the creation of assets that it takes in one group."""
    return handle_group(listener("moderation"), [arrived(asset) for asset in assets])


def reported(asset: Asset, reporter: User, note: str = "") -> tuple[InteractionRecorded, Envelope]:
    """Return the event of a report and its envelope."""
    event = InteractionRecorded(
        interaction_id=new_id(),
        viewer_id=reporter.pk,
        asset_id=asset.pk,
        kind="report",
        note=note,
    )
    return event, wrap(event, event_id=new_id(), time=now(), correlation_id=asset.correlation_id)


def visibility(asset: Asset) -> str:
    """Return where the asset stands now."""
    return str(Asset.objects.values_list("visibility", flat=True).get(pk=asset.pk))


def verdicts(asset: Asset) -> list[str]:
    """Return the asset's verdicts, oldest first."""
    return list(
        Verdict.objects.filter(asset=asset).order_by("created_at").values_list("verdict", flat=True)
    )


def case_of(asset: Asset) -> Case:
    """Return the asset's newest case."""
    return Case.objects.filter(asset=asset).latest("created_at")


def announced(asset: Asset) -> list[str]:
    """Return the types of the events announced about an asset, in order."""
    return list(
        Outbox.objects.filter(key=str(asset.pk)).order_by("position").values_list("type", flat=True)
    )


def trail(subject_id: UUID) -> list[str]:
    """Return the actions recorded about a subject, in order."""
    return list(
        Entry.objects.filter(subject_id=str(subject_id))
        .order_by("id")
        .values_list("action", flat=True)
    )


def staff(*roles: str, name: str = "Rita") -> Viewer:
    """Return the viewer of somebody with staff roles."""
    return factories.viewer_of(factories.make_user(display_name=name, staff=roles))


def held(**given: str) -> tuple[Asset, Case]:
    """Make an asset that the gate held, and return it with its case."""
    asset = pending(content=given.get("content", "some violencemaybe here"))
    consume(asset)
    return asset, case_of(asset)


def established(name: str = "Ada") -> User:
    """Make a person whose account is old enough for their reports to count in full."""
    user = factories.make_user(display_name=name)
    User.objects.filter(pk=user.pk).update(created_at=now() - timedelta(days=30))
    user.refresh_from_db()
    return user
