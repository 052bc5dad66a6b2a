"""Experiments start and end; each is in the trail."""

from typing import Any

from django.db import IntegrityError, transaction

from recommendations.app.models import Experiment
from recommendations.app.ranker import forget_model
from recommendations.core.experiments import Plan
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

_CHAIN = "platform"


def start_experiment(*, name: str, arms: Any, actor: Actor) -> Experiment:
    """Divide people from now on. Feeds follow within half a minute.

    Raises:
        ValueError: the arms are wrong; another one runs, or one had this name.
    """
    key = new_id()
    plan = Plan.load(key, arms)
    try:
        with transaction.atomic():
            made = Experiment.objects.create(
                id=key, name=name, arms=plan.document(), started_at=now()
            )
            _record(Action.EXPERIMENT_STARTED, made, actor)
            transaction.on_commit(forget_model)
    except IntegrityError as error:
        raise ValueError("an experiment runs already, or one had this name") from error
    return made


@transaction.atomic
def end_experiment(*, actor: Actor) -> Experiment:
    """End the one that runs: everybody gets the same again.

    Raises:
        ValueError: none runs.
    """
    running = Experiment.objects.select_for_update().filter(ended_at=None).first()
    if running is None:
        raise ValueError("no experiment runs")
    running.ended_at = now()
    running.save(update_fields=["ended_at"])
    _record(Action.EXPERIMENT_ENDED, running, actor)
    transaction.on_commit(forget_model)
    return running


def _record(action: Action, of: Experiment, actor: Actor) -> None:
    record(
        action,
        chain=_CHAIN,
        actor=actor,
        subject_type="recommendations.experiment",
        subject_id=str(of.pk),
        after={"name": of.name, "arms": of.arms},
    )
