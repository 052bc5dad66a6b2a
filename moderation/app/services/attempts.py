"""Writes of attempts: every try to judge an asset leaves a row, also the failed one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from moderation.app.judgement import Judgement
from moderation.app.models import Attempt, Outcome
from moderation.core.failures import Failure
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id
from tidegate.primitives.statements import prepared

KEPT = timedelta(days=30)
_AT_ONCE = 5_000
_LONGEST_DETAIL = 500

_INSERT = """
INSERT INTO moderation_attempt
    (id, asset_id, number, occasion, started_at, ended_at, outcome, failure, detail, detectors,
     policy_version)
SELECT tried.id, tried.asset_id,
       1 + coalesce(
           (SELECT max(number) FROM moderation_attempt AS a WHERE a.asset_id = tried.asset_id), 0
       ),
       tried.occasion, tried.started_at, tried.ended_at, tried.outcome, tried.failure,
       tried.detail, tried.detectors, tried.policy_version
FROM json_to_recordset(%s::json) AS tried (
    id uuid, asset_id uuid, occasion text, started_at timestamptz, ended_at timestamptz,
    outcome text, failure text, detail text, detectors jsonb, policy_version text
)
RETURNING number
"""
_FORGET = """
DELETE FROM moderation_attempt WHERE id IN
    (SELECT id FROM moderation_attempt WHERE ended_at < %s LIMIT %s)
"""


@dataclass(frozen=True, slots=True)
class _Try:
    """A try that has ended, as it is written."""

    asset_id: UUID
    occasion: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    failure: str
    detail: str
    detectors: Mapping[str, str]
    policy_version: str


def stamp(*, asset: Asset, judgement: Judgement, occasion: Attempt.Occasion) -> int:
    """Write a try that came to a judgement; return its number, counted from 1.

    Inside the caller's transaction, which has locked the asset.
    """
    return _insert([_try_of(asset.pk, judgement, occasion)])[0]


def stamp_all(judged: Iterable[tuple[Asset, Judgement]], *, occasion: Attempt.Occasion) -> None:
    """Do with many assets what `stamp` does with one; one statement."""
    _insert([_try_of(asset.pk, judgement, occasion) for asset, judgement in judged])


@transaction.atomic
def note_failure(*, asset_id: UUID, judgement: Judgement, occasion: Attempt.Occasion) -> int:
    """Write a try that found no answer, where no verdict follows; return its number."""
    return stamp(asset=_locked(asset_id), judgement=judgement, occasion=occasion)


@transaction.atomic
def note_error(
    *, asset_id: UUID, started_at: datetime, error: Exception, occasion: Attempt.Occasion
) -> int:
    """Write a try that broke in a way nobody foresaw; return its number."""
    return _insert(
        [
            _Try(
                _locked(asset_id).pk,
                occasion,
                started_at,
                now(),
                outcome="error",
                failure=Failure.UNFORESEEN,
                detail=repr(error),
                detectors={},
                policy_version="",
            )
        ]
    )[0]


def forget_attempts(*, kept: timedelta = KEPT) -> int:
    """Delete the tries that ended longer ago than `kept`, some at a time; return how many."""
    gone = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, [now() - kept, _AT_ONCE])
            gone += int(cursor.rowcount)
            if int(cursor.rowcount) < _AT_ONCE:
                return gone


def _locked(asset_id: UUID) -> Asset:
    return Asset.objects.select_for_update(no_key=True).get(pk=asset_id)


def _try_of(asset_id: UUID, judgement: Judgement, occasion: Attempt.Occasion) -> _Try:
    failed = judgement.verdict == Outcome.UNAVAILABLE
    return _Try(
        asset_id,
        occasion,
        started_at=judgement.judged_at - timedelta(milliseconds=judgement.judged_in_ms),
        ended_at=judgement.judged_at,
        outcome=judgement.verdict,
        failure=judgement.failure or "",
        detail="; ".join(judgement.errors) if failed else "",
        detectors=judgement.detectors,
        policy_version=judgement.policy_version,
    )


def _insert(tries: Sequence[_Try]) -> list[int]:
    """Number and write in one statement; the assets' locks keep two from one number."""
    with prepared() as cursor:
        cursor.execute(
            _INSERT,
            [
                json.dumps(
                    [
                        {
                            "id": str(new_id()),
                            "asset_id": str(one.asset_id),
                            "occasion": str(one.occasion),
                            "started_at": one.started_at.isoformat(),
                            "ended_at": one.ended_at.isoformat(),
                            "outcome": str(one.outcome),
                            "failure": str(one.failure),
                            "detail": one.detail.replace("\0", "")[:_LONGEST_DETAIL],
                            "detectors": dict(one.detectors),
                            "policy_version": one.policy_version,
                        }
                        for one in tries
                    ]
                )
            ],
        )
        return [row[0] for row in cursor.fetchall()]
