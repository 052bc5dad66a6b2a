"""Writes of first verdicts that release: many in one transaction, because nearly all outputs pass.

Whatever is not the plain way (see `_plain`) is left to `record_verdict`, one transaction each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from moderation.app.judgement import Judgement
from moderation.app.models import Attempt, Outcome, Verdict
from moderation.app.services import detours
from moderation.app.services.attempts import stamp_all
from moderation.app.services.case_effects import GATE
from moderation.app.services.shadows import note_shadows
from moderation.app.services.verdicts import (
    event_of_verdict,
    record_verdict_reached,
    standing_id,
    step_of,
    verdict_of,
)
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_assets
from tidegate.events.services import announce_each
from tidegate.primitives.statements import insert_all, together


@dataclass(frozen=True, slots=True)
class Judged:
    """What `record_verdict` takes, of one asset."""

    asset_id: UUID
    event_id: UUID
    judgement: Judgement
    correlation_id: UUID


@transaction.atomic
def record_releases(judged: Sequence[Judged]) -> set[UUID]:
    """Write the verdicts that release, as `record_verdict` does each; return whose are written.

    An asset that has its verdict already counts as written. Of the others nothing was touched;
    they stay locked until the caller's transaction ends.
    """
    passed = {one.asset_id: one for one in judged if _passes(one.judgement)}
    assets = list(Asset.objects.select_for_update(no_key=True).filter(pk__in=passed).order_by("pk"))
    firsts = detours.first_verdicts(assets)
    done = {asset.pk for asset in assets if firsts[asset.pk][0] is not None}
    plain = [
        (asset, passed[asset.pk])
        for asset in assets
        if asset.pk not in done and _is_plain(asset, restrictions=firsts[asset.pk][1])
    ]
    # Policies stay as they are until the commit, as for one verdict.
    policies = {one.judgement.policy.version: one.judgement.policy for _, one in plain}
    standing = {version: standing_id(policy) for version, policy in policies.items()}
    rows: list[tuple[Asset, Judged, Verdict]] = []
    for asset, one in plain:
        policy_id = standing[one.judgement.policy.version]
        if policy_id is not None:
            verdict = verdict_of(asset, one.judgement, policy_id, event_id=one.event_id)
            rows.append((asset, one, verdict))
    if rows:
        _write(rows)
    return done | {asset.pk for asset, _, _ in rows}


def _write(rows: Sequence[tuple[Asset, Judged, Verdict]]) -> None:
    judgements = [(asset, one.judgement) for asset, one, _ in rows]
    note_shadows(judgements)
    insert_all([verdict for _, _, verdict in rows])
    stamp_all(judgements, occasion=Attempt.Occasion.CREATED)
    move_assets([step_of(asset, judgement) for asset, judgement in judgements], actor=GATE)
    announce_each(
        [(event_of_verdict(asset, verdict), one.correlation_id) for asset, one, verdict in rows]
    )
    with together():
        for asset, one, verdict in rows:
            record_verdict_reached(asset, verdict, one.correlation_id)


def _passes(judgement: Judgement) -> bool:
    """Whether a judgement releases without any list entry to count."""
    return judgement.verdict == Outcome.RELEASE and not judgement.hash_hits


def _is_plain(asset: Asset, *, restrictions: Sequence[UUID]) -> bool:
    """Whether nothing around a locked asset speaks against its release: see `detours`."""
    return (
        asset.visibility == Visibility.PENDING
        and not restrictions
        and asset.parent_id is None
        and asset.modality == "text"
    )
