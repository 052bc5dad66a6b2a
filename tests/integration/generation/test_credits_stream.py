"""From the gate's ruling over a real broker to the refund."""

from contextlib import ExitStack

import pytest

from generation.app import board, services
from generation.app.claims import Output
from generation.app.models import Job
from generation.app.reconciliation import reconcile
from tests.integration.events.support import consuming, eventually, given_up, relaying
from tests.integration.generation.maker import Maker
from tidegate.assets.models import Asset
from tidegate.assets.services import move_asset
from tidegate.events import registry
from tidegate.ledger.models import Entry
from tidegate.ledger.selectors import balance_of
from tidegate.primitives.actor import Actor
from tidegate.stack.broker import SESSION_TIMEOUT_MS
from tidegate.streams.config import KafkaConfig

pytestmark = pytest.mark.django_db(transaction=True)

WELCOME, PRICE = 10_000, 4


def test_every_block_is_refunded_once_for_every_organisation(
    maker: Maker, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "publish", lambda *_: None)
    makers = [maker, Maker(), Maker()]
    for number in range(12):
        makers[number % 3].asks(prompt=f"picture {number}")
        claim = services.claim_job(modality="image", worker="w")
        assert claim is not None
        picture = Output("image/png", b"\x89PNG\r\n\x1a\n" + bytes([number]), width=8, height=8)
        services.finish_job(claim=claim, outputs=[picture], model_version="1")
    config = KafkaConfig((broker,), session_timeout_ms=SESSION_TIMEOUT_MS)
    with ExitStack() as life:
        life.enter_context(relaying(config))
        life.enter_context(consuming(config, registry.listener("credits")))
        for number, asset in enumerate(Asset.objects.order_by("created_at")):
            ways = ["released"] if number < 3 else ["held", "blocked"]
            for to in ways:
                move_asset(asset_id=asset.pk, to=to, actor=Actor.system("tests"), reason="a test")
        eventually(
            lambda: Entry.objects.filter(kind="refund").count() == 9, what="every block refunded"
        )
    for one in makers:
        balance = balance_of(one.organisation_id)
        assert (balance.available, balance.reserved) == (WELCOME - PRICE, 0)
    assert Job.objects.filter(state="succeeded").count() == 12
    assert not given_up().exists()
    assert reconcile()[1] == []
