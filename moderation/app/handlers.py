"""Stream entry points: what the consumer "moderation" does with events."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from moderation.app.audiences import engine_for_audience
from moderation.app.engine import Engine, engine
from moderation.app.in_force import engine_for
from moderation.app.judgement import Judgement
from moderation.app.judging import judge_asset, judge_texts
from moderation.app.models import Attempt, Verdict
from moderation.app.services.attempts import note_error, note_failure
from moderation.app.services.releases import Judged, record_releases
from moderation.app.services.reports import record_report
from moderation.app.services.verdicts import PolicyGone, record_verdict
from moderation.core.failures import RETRIES
from tidegate.assets.models import Asset, Visibility
from tidegate.contracts.assets import AssetCreated
from tidegate.contracts.envelope import Envelope
from tidegate.contracts.interactions import InteractionRecorded
from tidegate.events.errors import CannotHeal, RetryLater
from tidegate.events.registry import Group, consumer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound

CREATED = Attempt.Occasion.CREATED
# Whatever its rule says: the event waits here, and with it those of the same asset.
LATEST_RETRY = 15.0


def register() -> None:
    """Register the consumer "moderation"."""
    consumer(
        "moderation",
        {AssetCreated: on_asset_created, InteractionRecorded: on_interaction},
        prepare={AssetCreated: prepare_asset},
        groups={AssetCreated: Group(is_text, prepare_texts, on_texts_created)},
    )


def is_text(event: AssetCreated) -> bool:
    """Whether an output is judged as soon as any other: pictures and sounds take their time."""
    return event.modality == "text"


def prepare_asset(event: AssetCreated, envelope: Envelope) -> Judgement | None:
    """Judge a new asset, outside any transaction; None when it has its verdict already.

    Raises:
        RetryLater: a detector or the storage is away and the asset is young enough to wait.
        CannotHeal: the event names no asset.
    """
    asset = Asset.objects.filter(pk=event.asset_id).first()
    if asset is None:
        raise CannotHeal(f"there is no asset {event.asset_id}")
    if Verdict.objects.filter(asset=asset).exists():
        return None
    gate = engine_for(engine(), asset.pk)
    started_at = now()
    try:
        judgement = judge_asset(asset, gate)
    except Exception as error:
        note_error(asset_id=asset.pk, started_at=started_at, error=error, occasion=CREATED)
        raise
    if judgement.failure is not None:
        _wait_for_detectors(asset, judgement, patience=_patience(asset, judgement, gate))
    return judgement


def prepare_texts(
    arrived: Sequence[tuple[AssetCreated, Envelope]],
) -> list[Judgement | Exception | None]:
    """Judge new texts as `prepare_asset` does each."""
    ids = [event.asset_id for event, _ in arrived]
    assets = Asset.objects.in_bulk(ids)
    judged = set(Verdict.objects.filter(asset__in=ids).values_list("asset_id", flat=True))
    gates = {
        asset_id: engine_for(engine(), asset_id)
        for asset_id in ids
        if asset_id in assets and asset_id not in judged
    }
    started_at = now()
    judgements = judge_texts([(assets[asset_id], gate) for asset_id, gate in gates.items()])
    found: dict[UUID, Judgement | Exception | None] = dict.fromkeys(judged)
    for (asset_id, gate), judgement in zip(gates.items(), judgements, strict=True):
        found[asset_id] = judgement
        if isinstance(judgement, Exception):
            note_error(asset_id=asset_id, started_at=started_at, error=judgement, occasion=CREATED)
        elif judgement.failure is not None:
            asset = assets[asset_id]
            try:
                _wait_for_detectors(asset, judgement, patience=_patience(asset, judgement, gate))
            except RetryLater as later:
                found[asset_id] = later
    return [
        found[asset_id] if asset_id in found else CannotHeal(f"there is no asset {asset_id}")
        for asset_id in ids
    ]


def _wait_for_detectors(asset: Asset, judgement: Judgement, *, patience: timedelta) -> None:
    """Put a failed try off as its kind wants it; return when people should get the asset instead.

    Only a young asset waits, and never one that was held meanwhile: later events of its key would
    wait behind it.
    """
    assert judgement.failure is not None  # noqa: S101 - the caller has looked
    tries = Attempt.objects.filter(asset=asset).count() + 1
    pause = RETRIES[judgement.failure].pause(tries)
    is_held = asset.visibility != Visibility.PENDING
    if is_held or pause is None or now() - asset.created_at >= patience:
        return
    note_failure(asset_id=asset.pk, judgement=judgement, occasion=CREATED)
    raise RetryLater(min(pause, LATEST_RETRY), f"{judgement.failure}: {judgement.errors[:1]}")


def on_asset_created(event: AssetCreated, envelope: Envelope, judgement: Judgement | None) -> None:
    """Write the verdict with all it leads to.

    Raises:
        RetryLater: its policy was taken out of force since, and nothing was seen to judge again.
    """
    if judgement is None:
        return
    try:
        record_verdict(
            asset_id=event.asset_id,
            event_id=envelope.id,
            judgement=judgement,
            correlation_id=envelope.correlation_id,
        )
    except PolicyGone as error:
        raise RetryLater(1.0, str(error)) from error


def on_texts_created(
    arrived: Sequence[tuple[AssetCreated, Envelope, Judgement | None]],
) -> set[UUID]:
    """Write the verdicts that release; return the ids of the events that need more than that."""
    judged = {
        envelope.id: Judged(event.asset_id, envelope.id, judgement, envelope.correlation_id)
        for event, envelope, judgement in arrived
        if judgement is not None
    }
    written = record_releases(list(judged.values()))
    return {event_id for event_id, one in judged.items() if one.asset_id not in written}


def on_interaction(event: InteractionRecorded, envelope: Envelope) -> None:
    """Let a report open or raise a case; other interactions are none of the gate's business.

    Raises:
        CannotHeal: the event names no asset.
    """
    if event.kind != "report":
        return
    asset = Asset.objects.only("organisation_id", "project_id").filter(pk=event.asset_id).first()
    if asset is None:
        raise CannotHeal(f"there is no asset {event.asset_id}")
    judging = engine_for_audience(
        engine_for(engine(), asset.pk), asset.organisation_id, asset.project_id
    )
    try:
        record_report(
            asset_id=event.asset_id,
            reporter_id=event.viewer_id,
            interaction_id=event.interaction_id,
            note=event.note,
            reason=event.reason,
            hold_at=judging.policy.reports_hold_at,
            correlation_id=envelope.correlation_id,
        )
    except NotFound as error:
        raise CannotHeal(str(error)) from error


def _patience(asset: Asset, judgement: Judgement, gate: Engine) -> timedelta:
    """Return how old an output may get before a person looks at what nobody could judge.

    The policy may say so of the hazards concerned, the deployment of everything, and nothing waits
    beyond its own deadline.
    """
    seconds = gate.configuration.unavailable_after
    if judgement.waiting is not None:
        asks_again = judgement.waiting.then == "retry"
        seconds = min(seconds, judgement.waiting.seconds) if asks_again else 0.0
    return min(timedelta(seconds=seconds), asset.judge_by - asset.created_at)
