"""A policy over what really was decided, read from the tables."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from moderation.app.engine import Engine
from moderation.app.models import Verdict
from moderation.app.services import claim_case, decide_case
from moderation.core import policy as policies
from moderation.core.wordlists import load
from tests.integration.moderation import stage
from tidegate.primitives.clock import now

pytestmark = pytest.mark.django_db

DEFAULT = str(policies.DEFAULT_POLICY)


def backtest(policy: str | Path, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("backtest", str(policy), json=True, stdout=out, **options)
    figures: dict[str, Any] = json.loads(out.getvalue())
    return figures


@pytest.fixture
def decided(engine: Engine) -> None:
    """Something released, something held that a person blocked, something blocked."""
    for words in ("a calm harbour", "hatemark in it"):
        asset = stage.pending(content=words)
        stage.consume(asset)
    _, case = stage.held()
    reviewer = stage.staff("reviewer")
    claim_case(case_id=case.pk, viewer=reviewer)
    decide_case(case_id=case.pk, viewer=reviewer, action="block", reason="It attacks people.")


@pytest.fixture
def lenient(tmp_path: Path) -> Path:
    source = policies.DEFAULT_POLICY.read_text(encoding="utf-8")
    path = tmp_path / "lenient.yaml"
    path.write_text(
        source.replace("hold_at: 0.", "hold_at: 0.99").replace("block_at: 0.", "block_at: 0.999")
    )
    return path


@pytest.mark.usefixtures("decided")
def test_the_policy_that_decided_decides_the_same_again() -> None:
    figures = backtest(DEFAULT)
    assert figures["decisions"] == Verdict.objects.count() == 3
    assert figures["changed"] == 0
    assert figures["people"]["now"] == figures["people"]["then"]
    assert figures["people"]["then"]["recall"]["count"] == 1


@pytest.mark.usefixtures("decided")
def test_another_policy_shows_who_would_change_and_why(lenient: Path) -> None:
    figures = backtest(lenient)
    assert figures["changed"] >= 1
    assert figures["moves"]["hold→release"] == 1
    assert figures["cases_per_day_now"] < figures["cases_per_day_then"]
    assert figures["people"]["then"]["recall"]["value"] == 1.0
    assert figures["people"]["now"]["recall"]["value"] == 0.0
    assert {one["after"] for one in figures["examples"]} == {"release"}
    assert figures["policy"] == policies.load(lenient, lists_digest=load().digest).version


@pytest.mark.usefixtures("decided")
def test_a_period_ends_before_its_end() -> None:
    at = Verdict.objects.latest("created_at").created_at
    assert backtest(DEFAULT, until=at.isoformat())["decisions"] == 2
    later = (now() + timedelta(days=1)).isoformat()
    assert backtest(DEFAULT, since=at.isoformat(), until=later)["decisions"] == 1


@pytest.mark.usefixtures("decided")
def test_people_read_a_table() -> None:
    out = StringIO()
    call_command("backtest", DEFAULT, stdout=out)
    assert "3 decisions in" in out.getvalue()
    assert "recall 1.000 [0.207, 1.000] of 1" in out.getvalue()


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("name: [", {}, "not YAML"),
        ("name: x\ndetectors: {}\nsurfaces: {}\nreports: {hold_at: 0}", {}, "reports.hold_at"),
        (None, {}, "No such file"),
        ("default", {"since": "yesterday"}, "--since: 'yesterday' is neither"),
        ("default", {"until": "2026-02-30"}, "--until: '2026-02-30' is no date"),
        ("default", {"since": "2026-02-02", "until": "2026-02-01"}, "must lie before"),
    ],
)
def test_a_wrong_word_is_answered_with_what_and_where(
    tmp_path: Path, content: str | None, options: dict[str, str], message: str
) -> None:
    path = Path(DEFAULT) if content == "default" else tmp_path / "policy.yaml"
    if content not in (None, "default"):
        path.write_text(str(content))
    with pytest.raises(CommandError, match=message):
        backtest(path, **options)
