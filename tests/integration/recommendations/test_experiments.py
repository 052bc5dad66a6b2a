"""Experiments on the feed: divided, told apart, ended."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from recommendations.app import selectors, services
from recommendations.app.models import Experiment
from recommendations.app.ranker import action_weights, forget_model
from recommendations.core.experiments import Plan
from recommendations.core.ranking import ACTION_WEIGHTS
from tests.integration.recommendations.stage import does, many, reader
from tidegate.assets.services import move_asset
from tidegate.audit.models import Entry
from tidegate.primitives.actor import Actor

pytestmark = pytest.mark.django_db


def test_an_experiment_runs_is_told_and_ends(tmp_path: Path) -> None:
    arms = tmp_path / "arms.json"
    arms.write_text(json.dumps({"bold": {"share": 0.5, "weights": {"like": 9}}}))
    call_command("feed_experiment", "start", "more-likes", str(arms), stdout=io.StringIO())
    with pytest.raises(CommandError, match="runs already"):
        call_command("feed_experiment", "start", "another", str(arms), stdout=io.StringIO())
    forget_model()
    running = Experiment.objects.get()
    plan = Plan.load(running.pk, running.arms)

    works = many(6, "sea")
    people = [reader() for _ in range(12)]
    in_arm = [who for who in people if who.user_id and plan.arm_of(who.user_id)]
    assert 0 < len(in_arm) < len(people)  # one in two thousand runs would not divide twelve
    for who in people:
        weights = action_weights(who.user_id)
        assert weights["like"] == (9 if who in in_arm else ACTION_WEIGHTS["like"])
        page = selectors.feed(who, limit=5)
        assert len(page.items) == 5
        if who in in_arm:
            does(who, "like", page.items[0].asset)
    assert action_weights(None) == ACTION_WEIGHTS  # somebody who is not followed about
    move_asset(asset_id=works[0].pk, to="held", actor=Actor.system("test"), reason="a look")

    bold, holdout = selectors.results_of(running)
    assert (bold.name, holdout.name) == ("bold", "holdout")
    assert (bold.people, holdout.people) == (len(in_arm), len(people) - len(in_arm))
    assert bold.shown == 5 * len(in_arm)
    assert bold.rates["like"].value == pytest.approx(0.2)
    assert holdout.rates["like"].value == 0
    assert bold.rates["violating"].value + holdout.rates["violating"].value > 0
    told = io.StringIO()
    call_command("feed_experiment", "results", "more-likes", stdout=told)
    assert "0.2000 (+0.2000" in told.getvalue()

    call_command("feed_experiment", "end", stdout=io.StringIO())
    forget_model()
    assert action_weights(in_arm[0].user_id) == ACTION_WEIGHTS
    with pytest.raises(CommandError, match="no experiment runs"):
        call_command("feed_experiment", "end")
    trail = Entry.objects.filter(subject_id=str(running.pk)).order_by("pk")
    assert [entry.action for entry in trail] == ["experiment.started", "experiment.ended"]


def test_what_is_no_experiment_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    arms = tmp_path / "arms.json"
    arms.write_text("{")
    with pytest.raises(CommandError, match="Expecting"):
        call_command("feed_experiment", "start", "broken", str(arms))
    with pytest.raises(CommandError, match="No such file"):
        call_command("feed_experiment", "start", "broken", str(tmp_path / "none.json"))
    with pytest.raises(ValueError, match="share"):
        services.start_experiment(name="x", arms={"a": {}}, actor=Actor.system("test"))
    with pytest.raises(CommandError, match="No experiment is named"):
        call_command("feed_experiment", "results", "never")
    assert not Experiment.objects.exists()
