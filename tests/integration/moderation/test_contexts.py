"""What a judgement knows of its author and lineage, and where in an output a reason stands."""

from datetime import timedelta
from typing import Any

import pytest

from moderation.app import handlers
from moderation.app.engine import Engine
from moderation.app.models import Case, Verdict
from moderation.app.selectors.authors import author_facts, lineage_of
from moderation.core.context import Author, Lineage
from moderation.core.policy import parse
from tests import factories
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import stage
from tidegate.accounts.models import User
from tidegate.assets.models import Asset
from tidegate.events.errors import RetryLater
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def ruled(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the consumer judge by the default policy with further parts."""

    def rule(parts: str, waiting: str = "spam: {then: retry, seconds: 100}") -> Engine:
        usual = "otherwise: {then: retry, seconds: 120}"
        assert usual in engine.policy.source
        source = engine.policy.source.replace(usual, waiting)
        # `parts` are further rules: lists that stand twice are refused.
        source = source.replace("\nrules:\n", f"\nrules:\n{parts}\n", 1)
        policy = parse(source, lists_digest=engine.policy.lists_digest)
        made = engine.under(policy)
        monkeypatch.setattr(handlers, "engine", lambda: made)
        return made

    return rule


def test_an_author_is_known_by_age_and_by_where_recent_outputs_stand() -> None:
    ada = factories.make_user()
    for visibility in ("released", "released", "held", "blocked", "pending"):
        factories.make_asset(visibility=visibility, owner=ada)
    old = factories.make_asset(visibility="blocked", owner=ada)
    Asset.objects.filter(pk=old.pk).update(created_at=now() - timedelta(days=91))
    judged = factories.make_asset(visibility="held", owner=ada)
    factories.make_asset(visibility="blocked")
    User.objects.filter(pk=ada.pk).update(created_at=now() - timedelta(days=10))

    facts = author_facts(ada.pk, besides=judged.pk)

    assert facts == Author(age_days=facts.age_days, released=2, held=1, blocked=1)
    assert facts.age_days == pytest.approx(10, abs=0.01)


def test_somebody_without_outputs_has_a_history_of_nothing() -> None:
    facts = author_facts(factories.make_user().pk, besides=new_id())

    assert (facts.released, facts.held, facts.blocked) == (0, 0, 0)


@pytest.mark.parametrize(
    ("visibility", "lineage"),
    [
        ("released", Lineage(1, 0, 0)),
        ("held", Lineage(1, 0, 1)),
        ("blocked", Lineage(1, 1, 0)),
        (None, Lineage()),
    ],
)
def test_lineage_is_where_the_parent_stands_now(visibility: str | None, lineage: Lineage) -> None:
    asset = factories.make_asset(visibility="pending")
    if visibility is not None:
        asset.parent = factories.make_asset(visibility=visibility)

    assert lineage_of(asset) == lineage


def test_a_rule_about_new_authors_holds_and_its_context_is_kept(ruled: Any) -> None:
    ruled(
        "  - {name: new here, when: 'author.age_days < 1.0 && author.released == 0', "
        "on: [text], then: escalate, hazard: spam, told: review}"
    )
    asset = stage.pending(content="a calm harbour")

    stage.consume(asset)

    verdict = Verdict.objects.get(asset=asset)
    assert verdict.verdict == "hold"
    assert verdict.reasons[0]["rule"] == "rule"
    assert verdict.reasons[0]["detector"] == "new here"
    assert verdict.signals[0]["context"]["author"]["released"] == 0
    assert stage.case_of(asset).severity == 100
    asset.refresh_from_db()
    assert [reason["code"] for reason in asset.public_reasons] == ["review"]


@pytest.mark.parametrize(
    ("then", "waits"),
    [
        ("{then: retry, seconds: 100}", True),
        ("{then: retry, seconds: 0}", False),
        ("{then: hold, seconds: 100}", False),
        ("{then: escalate, seconds: 100}", False),
    ],
    ids=["retry", "retry is over", "hold", "escalate"],
)
def test_an_outage_waits_as_the_policy_says_of_its_hazards(
    ruled: Any, detectors: FakeDetectors, then: str, *, waits: bool
) -> None:
    ruled("", waiting=f"hate: {then}")
    detectors.down = {"text_hazards"}
    asset = stage.pending()

    if waits:
        with pytest.raises(RetryLater):
            stage.consume(asset)
        return
    stage.consume(asset)

    case = stage.case_of(asset)
    assert (stage.visibility(asset), case.because) == ("held", Case.Because.UNAVAILABLE)
    assert (case.severity == 100) == ("escalate" in then)
    asset.refresh_from_db()
    given = 45 if "retry" in then else 100
    assert abs((asset.judge_by - asset.created_at).total_seconds() - given) < 1
    reason = Verdict.objects.get(asset=asset).reasons[0]
    assert "hate" in reason["hazards"]
    assert reason["waiting"]["then"] in then


def test_a_verdict_says_where_a_listed_word_stands_even_in_disguise(engine: Engine) -> None:
    text = "Once upon a time they bought a p i p e b o m b and fled."
    asset = stage.pending(content=text)

    stage.consume(asset)

    reasons = [
        one for one in Verdict.objects.get(asset=asset).reasons if one["rule"] == "word_list"
    ]
    spans = [span for reason in reasons for span in reason.get("place", {}).get("spans", [])]
    assert [text[start:end] for start, end in spans] == ["p i p e b o m b"]
