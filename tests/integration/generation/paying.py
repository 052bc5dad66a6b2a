"""Jobs that are paid for: what tests ask of them."""

from typing import Any

from generation.app import services
from generation.app.claims import Claim, Failure, Output
from generation.app.models import Job
from generation.app.reconciliation import reconcile
from tests.integration.generation.maker import Maker
from tidegate.assets.models import Asset
from tidegate.assets.services import move_asset
from tidegate.contracts.assets import AssetVisibilityChanged
from tidegate.contracts.envelope import decode
from tidegate.events.codec import event_of
from tidegate.events.handling import Arrived, Handled, handle_prepared
from tidegate.events.models import Outbox
from tidegate.events.registry import listener
from tidegate.ledger.selectors import account_of, balance_of
from tidegate.primitives.actor import Actor

WELCOME = 10_000
PRICE = 4
BROKEN = Failure("invalid_request", "no", "generation", does_retry_help=False)


def left(maker: Maker) -> tuple[int, int]:
    balance = balance_of(maker.organisation_id)
    return balance.available, balance.reserved


def picture(number: int = 0) -> Output:
    return Output("image/png", b"\x89PNG\r\n\x1a\n" + bytes([number]) * 32, width=8, height=8)


def claimed(modality: str = "image") -> Claim:
    claim = services.claim_job(modality=modality, worker="w")
    assert claim is not None
    return claim


def finished(maker: Maker, **fields: Any) -> Job:
    job = maker.asks(**fields)
    services.finish_job(claim=claimed(), outputs=[picture()], model_version="1")
    job.refresh_from_db()
    return job


def cost_of(job: Job) -> tuple[int, int, str]:
    account = account_of(job.pk)
    assert account is not None
    return account.charged, account.returned, account.reason


def asset_of(job: Job) -> Asset:
    return Asset.objects.get(job_id=job.pk, output_index=0)


def moved(asset: Asset, *ways: str) -> None:
    for to in ways:
        move_asset(asset_id=asset.pk, to=to, actor=Actor.system("tests"), reason="a test")


def deliver(*, times: int = 1) -> None:
    """Hand every move of visibility to the consumer, as the broker would, `times` over."""
    consumer = listener("credits")
    for row in Outbox.objects.filter(type=AssetVisibilityChanged.TYPE).order_by("position"):
        envelope = decode(bytes(row.value))
        for _ in range(times):
            outcome = handle_prepared(
                consumer, Arrived(event_of(envelope), envelope, 0, envelope.subject)
            )
            assert isinstance(outcome, Handled)


def assert_no_drift() -> None:
    totals, drifts = reconcile()
    assert drifts == []
    assert totals.issued + totals.available + totals.reserved + totals.earned == 0
