"""The same over and over: counted from the author's own rows, kept as a signal, held by policy."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from moderation.app import handlers
from moderation.app.engine import Engine
from moderation.app.models import Verdict
from moderation.app.selectors.backtests import stored_decisions
from moderation.app.selectors.earlier import MOST, earlier_outputs
from moderation.core.backtesting import Backtest
from tests import factories
from tests.integration.moderation import stage
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

ADVERT = "Buy the finest harbour boats of the coast, cheap today and tomorrow as well, number "


@pytest.fixture
def strict(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine to which five requests for nearly the same are certain spam."""
    limits = replace(engine.configuration, spam_alike=5, spam_requests=50)
    made = replace(engine, configuration=limits)
    monkeypatch.setattr(handlers, "engine", lambda: made)
    return made


def made_by(owner: object, text: str) -> Asset:
    asset = stage.pending(content=text)
    Asset.objects.filter(pk=asset.pk).update(owner=owner, job_id=new_id())
    asset.refresh_from_db()
    return asset


@pytest.mark.usefixtures("strict")
def test_nearly_the_same_text_is_held_from_the_fourth_request_on() -> None:
    owner = factories.make_user()
    made = [made_by(owner, f"{ADVERT}{number}") for number in range(4)]
    for asset in made:
        stage.consume(asset)
    assert [stage.visibility(asset) for asset in made] == ["released"] * 3 + ["held"]
    assert stage.case_of(made[3]).hazards == ["spam"]
    (signal,) = [
        one
        for finding in Verdict.objects.get(asset=made[3]).signals
        for one in finding["signals"]
        if one["detector"] == "spam_rate"
    ]
    assert signal["scores"] == {"spam": 0.75}
    assert (signal["detail"]["alike"], signal["detail"]["seconds"]) == (3, 3_600.0)


@pytest.mark.usefixtures("strict")
def test_other_authors_other_texts_and_other_days_do_not_count() -> None:
    owner = factories.make_user()
    for number in range(3):
        stage.consume(made_by(owner, f"{ADVERT}{number}"))
    other = made_by(factories.make_user(), f"{ADVERT}3")
    stage.consume(other)
    different = made_by(owner, "A quiet poem about the snow that falls over hills and old roofs.")
    stage.consume(different)
    Asset.objects.filter(owner=owner).update(created_at=now() - timedelta(hours=2))
    later = made_by(owner, f"{ADVERT}4")
    stage.consume(later)
    assert [stage.visibility(one) for one in (other, different, later)] == ["released"] * 3


def test_a_backtest_repeats_it_from_what_was_stored(strict: Engine) -> None:
    owner = factories.make_user()
    for number in range(4):
        stage.consume(made_by(owner, f"{ADVERT}{number}"))
    Asset.objects.filter(owner=owner).update(created_at=now() - timedelta(days=2))
    test = Backtest(strict.policy)
    for stored in stored_decisions(since=now() - timedelta(hours=1), until=now()):
        test.add(stored)
    assert (test.decisions, test.changed) == (4, 0)


@pytest.mark.usefixtures("engine")
def test_it_is_one_query_over_the_authors_index() -> None:
    asset = made_by(factories.make_user(), ADVERT)
    with CaptureQueriesContext(connection) as queries:
        assert earlier_outputs([asset], seconds=3_600) == {asset.pk: []}
    assert len(queries) == 1
    assert MOST == 1_000
