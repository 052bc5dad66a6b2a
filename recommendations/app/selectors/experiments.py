"""What came of an experiment."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import connection

from recommendations.app.models import Experiment
from recommendations.app.services.training import ATTRIBUTED
from recommendations.core.experiments import HOLDOUT, Plan, Rate, gini, rate
from tidegate.primitives.clock import now

RATES: Final = ("open", "like", "hide", "violating")
"""Per place shown: opened, liked (saved, shared), hidden (less, reported), taken down since."""

_SHOWN = """
SELECT e.user_id, item.owner_id, count(*),
       count(*) FILTER (WHERE did.opened), count(*) FILTER (WHERE did.liked),
       count(*) FILTER (WHERE did.hid),
       count(*) FILTER (WHERE asset.visibility IN ('held', 'blocked'))
FROM recommendations_exposure e
LEFT JOIN recommendations_item item ON item.asset_id = e.asset_id
LEFT JOIN assets_asset asset ON asset.id = e.asset_id
CROSS JOIN LATERAL (
    SELECT bool_or(i.kind IN ('view', 'play', 'dwell')) AS opened,
           bool_or(i.kind IN ('like', 'save', 'share')) AS liked,
           bool_or(i.kind IN ('hide', 'less', 'report')) AS hid
    FROM recommendations_interaction i
    WHERE i.user_id = e.user_id AND i.asset_id = e.asset_id AND i.is_effective
      AND i.at BETWEEN e.at AND e.at + %(within)s
) AS did
WHERE e.at >= %(since)s AND e.at < %(until)s
GROUP BY e.user_id, item.owner_id
"""


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm: who was shown how much, what came of it, and how unequal creators were shown."""

    name: str
    people: int
    shown: int
    rates: dict[str, Rate]
    creator_gini: float


def results_of(experiment: Experiment) -> list[ArmResult]:
    """Return what came of each arm, the holdout last, as far as exposures are kept."""
    plan = Plan.load(experiment.pk, experiment.arms)
    given: dict[str, Any] = {
        "since": experiment.started_at,
        "until": experiment.ended_at or now(),
        "within": ATTRIBUTED,
    }
    people: dict[str, dict[UUID, list[int]]] = defaultdict(dict)
    creators: dict[str, Counter[UUID]] = defaultdict(Counter)
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, given)
        for user_id, owner_id, *counts in cursor.fetchall():
            arm = plan.arm_of(user_id)
            name = HOLDOUT if arm is None else arm.name
            sums = people[name].setdefault(user_id, [0] * (1 + len(RATES)))
            for place, count in enumerate(counts):
                sums[place] += count
            if owner_id is not None:
                creators[name][owner_id] += counts[0]
    return [
        _result(name, list(people[name].values()), creators[name])
        for name in [*(arm.name for arm in plan.arms), HOLDOUT]
    ]


def _result(name: str, sums: list[list[int]], creators: Counter[UUID]) -> ArmResult:
    table = np.array(sums, dtype=np.float64).reshape(-1, 1 + len(RATES))
    return ArmResult(
        name=name,
        people=len(table),
        shown=int(table[:, 0].sum()),
        rates={key: rate(table[:, 1 + at], table[:, 0]) for at, key in enumerate(RATES)},
        creator_gini=gini(np.array(list(creators.values()), dtype=np.float64)),
    )
