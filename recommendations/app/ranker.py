"""The ranking model in force, and the public weights of actions, as this process knows them."""

import logging
import time
from collections.abc import Mapping
from typing import Final

from django.conf import settings

from recommendations.app.models import RankingModel
from recommendations.core.ranking import ACTION_WEIGHTS, PRIOR, Model

logger = logging.getLogger(__name__)

_KEPT_SECONDS: Final = 30.0


class _Known:
    model: Model = PRIOR
    until: float = 0.0


def model_in_force() -> Model:
    """Return the model that ranks, as it was half a minute ago at most; untrained, the prior."""
    if time.monotonic() >= _Known.until:
        row = RankingModel.objects.filter(is_in_force=True).first()
        _Known.model = PRIOR
        if row is not None:
            try:
                _Known.model = Model.load(row.document)
            except ValueError:
                logger.exception("the ranking model %s cannot be read; the prior ranks", row.pk)
        _Known.until = time.monotonic() + _KEPT_SECONDS
    return _Known.model


def forget_model() -> None:
    """Ask again at the next slate."""
    _Known.until = 0.0


def action_weights() -> Mapping[str, float]:
    """Return what each action is worth in this deployment."""
    return {**ACTION_WEIGHTS, **settings.RECOMMENDATIONS_ACTION_WEIGHTS}
