"""The ranking model learns from what was shown and what came of it, if that makes it better."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from recommendations.app.models import Progress, RankingModel, StoredSlate
from recommendations.app.ranker import forget_model
from recommendations.app.slates import unpacked_features
from recommendations.core.learning import Examples, learn, quality
from recommendations.core.ranking import ACTIONS, DONE, FEATURES, PRIOR, Model, at_position
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

logger = logging.getLogger(__name__)

TASK: Final = "ranking"
ATTRIBUTED: Final = timedelta(minutes=30)
"""What somebody does with a thing so long after it was shown counts as done because of it."""
FEWEST: Final = 500
"""With fewer new examples nothing is learnt yet; they wait."""
_MOST: Final = 50_000
_HELD_OUT: Final = 5
"""One slate of so many is not learnt from: new and old model are compared on those."""

# What was on nobody's screen says nothing, whatever its place: only what is known to have been
# looked at, or was acted on, is an example.
_SHOWN = """
SELECT e.slate_id, e.position, e.asset_id, e.at,
       array(SELECT DISTINCT i.kind FROM recommendations_interaction i
             WHERE i.user_id = e.user_id AND i.asset_id = e.asset_id AND i.is_effective
               AND i.at BETWEEN e.at AND e.at + %(within)s)
FROM recommendations_exposure e
WHERE e.at > %(after)s AND e.at <= %(until)s
ORDER BY e.at, e.id LIMIT %(most)s
"""
_LOOKED = """
SELECT slate_id, asset_id FROM recommendations_exposure
WHERE looked_ms IS NOT NULL AND at > %(after)s AND at <= %(until)s
"""


@transaction.atomic
def train_ranking() -> RankingModel | None:
    """Learn from what was shown since last time; return the new model, None where nothing was.

    It comes into force only if it predicts what was held out at least as well as the one in force.
    Whether it does or not, it is kept with its figures.
    """
    progress, _ = Progress.objects.select_for_update().get_or_create(name=TASK)
    moment = now()
    after = progress.moment or moment - timedelta(days=14)
    examples, slates, last = _examples(after, moment - ATTRIBUTED)
    if len(examples) < FEWEST:
        return None
    held = [index for index, slate in enumerate(slates) if slate.int % _HELD_OUT == 0]
    learnt = [index for index, slate in enumerate(slates) if slate.int % _HELD_OUT != 0]
    if not held or not learnt:
        return None
    old = RankingModel.objects.select_for_update().filter(is_in_force=True).first()
    standing = PRIOR if old is None else Model.load(old.document)
    key = new_id()
    made = learn(standing, examples.part(learnt), version=str(key), seed=key.int % 2**32)
    before, found = (quality(model, examples.part(held)) for model in (standing, made))
    is_better = found.log_loss <= before.log_loss
    if is_better and old is not None:
        old.is_in_force = False
        old.save(update_fields=["is_in_force"])
    row = RankingModel.objects.create(
        id=key,
        document=made.document(),
        figures={
            "examples": len(learnt),
            "held_out": len(held),
            "replaces": standing.version,
            "before": asdict(before),
            "after": asdict(found),
        },
        is_in_force=is_better,
    )
    progress.moment = last
    progress.save()
    transaction.on_commit(forget_model)
    logger.info("ranking model %s: %s", key, row.figures)
    return row


def _examples(after: Any, until: Any) -> tuple[Examples, Sequence[UUID], Any]:
    given = {"after": after, "until": until, "within": ATTRIBUTED, "most": _MOST}
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, given)
        shown = cursor.fetchall()
        cursor.execute(_LOOKED, given)
        looked = set(cursor.fetchall())
    told = [row for row in shown if row[4] or (row[0], row[2]) in looked]
    stored = StoredSlate.objects.filter(pk__in={row[0] for row in told})
    features = {slate.pk: unpacked_features(slate.features) for slate in stored}
    rows, outcomes, slates = [], [], []
    for slate_id, position, _asset_id, _at, kinds in told:
        of_slate = features.get(slate_id)
        if of_slate is None or position > len(of_slate):
            continue
        actions = {DONE[kind] for kind in kinds if kind in DONE}
        rows.append(at_position(of_slate[position - 1 : position], [position])[0])
        outcomes.append([float(action in actions) for action in ACTIONS])
        slates.append(slate_id)
    made = Examples(
        np.array(rows, dtype=np.float64).reshape(-1, len(FEATURES)),
        np.array(outcomes, dtype=np.float64).reshape(-1, len(ACTIONS)),
    )
    return made, slates, shown[-1][3] if shown else until
