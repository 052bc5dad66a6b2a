"""Stream entry points: what the consumer "moderation" does with events."""

from datetime import timedelta

from moderation.app.audiences import engine_for_audience
from moderation.app.engine import Engine, engine
from moderation.app.in_force import engine_for
from moderation.app.judgement import Judgement
from moderation.app.judging import judge_asset
from moderation.app.models import Outcome, Verdict
from moderation.app.services.reports import record_report
from moderation.app.services.verdicts import PolicyGone, record_verdict
from tidegate.assets.models import Asset
from tidegate.contracts.assets import AssetCreated
from tidegate.contracts.envelope import Envelope
from tidegate.contracts.interactions import InteractionRecorded
from tidegate.events.errors import CannotHeal, RetryLater
from tidegate.events.registry import consumer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound

_SOONEST_RETRY, _LATEST_RETRY = 1.0, 15.0


def register() -> None:
    """Register the consumer "moderation"."""
    consumer(
        "moderation",
        {AssetCreated: on_asset_created, InteractionRecorded: on_interaction},
        prepare={AssetCreated: prepare_asset},
    )


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
    age = now() - asset.created_at
    judgement = judge_asset(asset, gate)
    if judgement.verdict == Outcome.UNAVAILABLE and age < _patience(judgement, gate):
        raise RetryLater(_pause(age), "detectors or storage did not answer")
    return judgement


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
        raise RetryLater(_SOONEST_RETRY, str(error)) from error


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


def _patience(judgement: Judgement, gate: Engine) -> timedelta:
    """Return how old an output may get before a person looks at what nobody could judge.

    The policy may say so of the hazards concerned, and the deployment of everything.
    """
    seconds = gate.configuration.unavailable_after
    if judgement.waiting is not None:
        asks_again = judgement.waiting.then == "retry"
        seconds = min(seconds, judgement.waiting.seconds) if asks_again else 0.0
    return timedelta(seconds=seconds)


def _pause(age: timedelta) -> float:
    """Return the seconds until the next try: longer the longer it lasts."""
    return min(_LATEST_RETRY, max(_SOONEST_RETRY, age.total_seconds() / 4))
