"""How right the checks are, and where their thresholds would be better."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection

from moderation.app.configuration import quality_rules
from moderation.app.in_force import policy_of
from moderation.app.models import CallVerdict, PolicyVersion
from moderation.app.roles import require_quality_reader
from moderation.core.calibration import Label, Suggestion, TooFew, share, suggest
from moderation.core.intervals import Interval
from moderation.core.policy import Policy
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now

_VERDICTS: Final = 5_000
"""How many of the newest verdicts tell how much a threshold would hold."""
_SCORES: Final = """
SELECT finding->>'surface', signal->>'detector', score.key, max(score.value::float8)
FROM (
    SELECT id, signals FROM moderation_verdict
    WHERE supersedes_id IS NULL ORDER BY id DESC LIMIT %s
) AS verdict
CROSS JOIN LATERAL jsonb_array_elements(verdict.signals) AS finding
CROSS JOIN LATERAL jsonb_array_elements(finding->'signals') AS signal
CROSS JOIN LATERAL jsonb_each_text(signal->'scores') AS score
WHERE score.value IS NOT NULL AND score.key = ANY(%s)
GROUP BY verdict.id, 1, 2, 3
"""
_SPAN: Final = """
SELECT min(created_at) FROM (
    SELECT created_at FROM moderation_verdict
    WHERE supersedes_id IS NULL ORDER BY id DESC LIMIT %s
) AS verdict
"""


class Place(NamedTuple):
    """Where a threshold stands in a policy."""

    surface: str
    detector: str
    hazard: str


@dataclass(frozen=True, slots=True)
class Calls:
    """What people found of a detector's calls for a hazard on a surface.

    Attributes:
        counts: how many calls were tp, fp, tn, fn and unsure.
        precision: of what it called, how much was there; by weight, as samples stand for many.
        recall: of what people found, how much it had called; by weight.
        hold_at: the threshold in force; None where the policy in force has none.
        suggestion: a better threshold, how many labels are missing, or that none is so precise.
    """

    place: Place
    counts: Mapping[str, int]
    precision: Interval | None
    recall: Interval | None
    hold_at: float | None
    suggestion: Suggestion | TooFew | None


def judged_calls(viewer: Viewer) -> tuple[Calls, ...]:
    """Return the calls that people said anything about, those with most labels first.

    Raises:
        NotAllowed: the viewer is neither senior staff nor an auditor.
    """
    require_quality_reader(viewer)
    since = now() - timedelta(days=quality_rules().calibration.days)
    rows = CallVerdict.objects.filter(created_at__gte=since, decision__reversed_at=None)
    if viewer.organisation_id is not None:
        rows = rows.filter(verdict__asset__organisation_id=viewer.organisation_id)
    found: dict[Place, list[tuple[str, float, float]]] = defaultdict(list)
    columns = ("surface", "detector", "hazard", "outcome", "score", "weight")
    for surface, detector, hazard, outcome, score, weight in rows.values_list(*columns):
        found[Place(surface, detector, hazard)].append((outcome, score, weight))
    if not found:
        return ()
    active = PolicyVersion.objects.filter(state=PolicyVersion.State.ACTIVE).first()
    policy = None if active is None else policy_of(active.source)
    scores, days = _scores({place.hazard for place in found})
    return tuple(
        _calls(place, given, policy, scores.get(place, []), days)
        for place, given in sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    )


def calls_at(viewer: Viewer, place: Place) -> Calls | None:
    """Return the calls of one place; None where nobody has said anything about them."""
    return next((one for one in judged_calls(viewer) if one.place == place), None)


def threshold_at(policy: Policy | None, place: Place) -> float | None:
    """Return from which score on a policy holds there; None where it says nothing."""
    rules = (
        next((rules for name, rules in policy.surfaces.items() if name == place.surface), None)
        if policy is not None
        else None
    )
    threshold = rules.threshold(place.detector, place.hazard) if rules is not None else None
    return None if threshold is None else threshold.hold_at


def _calls(
    place: Place,
    given: list[tuple[str, float, float]],
    policy: Policy | None,
    scores: list[float],
    days: float,
) -> Calls:
    labels = {
        outcome: [
            Label(score, outcome in ("tp", "fn"), weight)
            for one, score, weight in given
            if one == outcome
        ]
        for outcome in CallVerdict.Outcome.values
    }
    called = labels["tp"] + labels["fp"]
    harmful = labels["tp"] + labels["fn"]
    hold_at = threshold_at(policy, place)
    return Calls(
        place=place,
        counts={outcome: len(some) for outcome, some in labels.items()},
        precision=share(called, labels["tp"]),
        recall=share(harmful, labels["tp"]),
        hold_at=hold_at,
        suggestion=suggest(
            called + labels["tn"] + labels["fn"],
            scores=scores,
            days=days,
            current=1.0 if hold_at is None else hold_at,
            rules=quality_rules().calibration,
        ),
    )


def _scores(hazards: Collection[str]) -> tuple[dict[Place, list[float]], float]:
    """Return the highest scores of the newest verdicts, and over how many days those were."""
    found: dict[Place, list[float]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, [_VERDICTS, list(hazards)])
        for surface, detector, hazard, score in cursor.fetchall():
            found[Place(surface, detector, hazard)].append(score)
        cursor.execute(_SPAN, [_VERDICTS])
        earliest: datetime | None = cursor.fetchone()[0]
    days = (now() - earliest).total_seconds() / 86_400 if earliest else 1.0
    return found, max(days, 1.0)
