"""Writes of attempts: every try to judge an asset leaves a row, also the failed one."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from moderation.app.judgement import Judgement
from moderation.app.models import Attempt, Outcome
from moderation.core.failures import Failure
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

KEPT = timedelta(days=30)
_AT_ONCE = 5_000
_LONGEST_DETAIL = 500

_INSERT = """
INSERT INTO moderation_attempt
    (id, asset_id, number, occasion, started_at, ended_at, outcome, failure, detail, detectors,
     policy_version)
SELECT %s, %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s, %s, %s, %s::jsonb, %s
FROM moderation_attempt WHERE asset_id = %s
RETURNING number
"""
_FORGET = """
DELETE FROM moderation_attempt WHERE id IN
    (SELECT id FROM moderation_attempt WHERE ended_at < %s LIMIT %s)
"""


def stamp(*, asset: Asset, judgement: Judgement, occasion: Attempt.Occasion) -> int:
    """Write a try that came to a judgement; return its number, counted from 1.

    Inside the caller's transaction, which has locked the asset.
    """
    failed = judgement.verdict == Outcome.UNAVAILABLE
    return _insert(
        asset.pk,
        occasion=occasion,
        started_at=judgement.judged_at - timedelta(milliseconds=judgement.judged_in_ms),
        ended_at=judgement.judged_at,
        outcome=judgement.verdict,
        failure=judgement.failure or "",
        detail="; ".join(judgement.errors) if failed else "",
        detectors=judgement.detectors,
        policy_version=judgement.policy_version,
    )


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
        _locked(asset_id).pk,
        occasion=occasion,
        started_at=started_at,
        ended_at=now(),
        outcome="error",
        failure=Failure.UNFORESEEN,
        detail=repr(error),
        detectors={},
        policy_version="",
    )


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


def _insert(
    asset_id: UUID,
    *,
    occasion: str,
    started_at: datetime,
    ended_at: datetime,
    outcome: str,
    failure: str,
    detail: str,
    detectors: Mapping[str, str],
    policy_version: str,
) -> int:
    """Number and write in one statement; the asset's lock keeps two from one number."""
    told = detail.replace("\0", "")[:_LONGEST_DETAIL]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                new_id(),
                asset_id,
                str(occasion),
                started_at,
                ended_at,
                str(outcome),
                str(failure),
                told,
                json.dumps(dict(detectors)),
                policy_version,
                asset_id,
            ],
        )
        number: int = cursor.fetchone()[0]
    return number
