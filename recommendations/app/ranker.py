"""What ranks, as this process knows it: the model in force, what items have in common, weights."""

import logging
import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.conf import settings

from recommendations.app.models import CommonDirection, Experiment, RankingModel
from recommendations.core.experiments import Plan
from recommendations.core.ranking import ACTION_WEIGHTS, PRIOR, Model
from recommendations.core.vectors import Vector, vector

logger = logging.getLogger(__name__)

_KEPT_SECONDS: Final = 30.0


class _Known:
    model: Model = PRIOR
    common: Vector | None = None
    plan: Plan | None = None
    until: float = 0.0


def model_in_force() -> Model:
    """Return the model that ranks, as it was half a minute ago at most; untrained, the prior."""
    _look_again()
    return _Known.model


def common_in_force() -> Vector | None:
    """Return what items have in common, as old at most; None while they are too few to tell."""
    _look_again()
    return _Known.common


def _look_again() -> None:
    if time.monotonic() < _Known.until:
        return
    row = RankingModel.objects.filter(is_in_force=True).first()
    _Known.model = PRIOR
    if row is not None:
        try:
            _Known.model = Model.load(row.document)
        except ValueError:
            logger.exception("the ranking model %s cannot be read; the prior ranks", row.pk)
    measured = CommonDirection.objects.order_by("-created_at").first()
    _Known.common = None if measured is None else vector(measured.direction)
    running = Experiment.objects.filter(ended_at=None).first()
    _Known.plan = None
    if running is not None:
        try:
            _Known.plan = Plan.load(running.pk, running.arms)
        except ValueError:
            logger.exception("the experiment %s cannot be read; nobody is divided", running.name)
    _Known.until = time.monotonic() + _KEPT_SECONDS


def forget_model() -> None:
    """Ask again at the next slate."""
    _Known.until = 0.0


def action_weights(person: UUID | None) -> Mapping[str, float]:
    """Return what each action is worth in this deployment, to somebody in their arm of a test."""
    weights = {**ACTION_WEIGHTS, **settings.RECOMMENDATIONS_ACTION_WEIGHTS}
    _look_again()
    arm = _Known.plan.arm_of(person) if _Known.plan is not None and person is not None else None
    return weights if arm is None else {**weights, **arm.weights}
