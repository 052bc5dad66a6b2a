"""The fuse of policies: what goes astray on trial is rolled back by itself."""

from uuid import UUID

from django.db import transaction

from moderation.app.configuration import Configuration, configuration
from moderation.app.models import PolicyVersion
from moderation.app.selectors.policies import on_trial, rates_of
from moderation.app.services.policy_moves import roll_back
from moderation.app.services.policy_records import GATE, found, take_turn
from moderation.core.fuses import Limits, astray

_STATE = PolicyVersion.State


def check_policies() -> list[UUID]:
    """Roll back what is outside its limits and return which; a second call finds nothing to do.

    Looked at are a canary, against the active policy over the same time, and an active one in its
    probation, against the one before it over the time before it.
    """
    rolled_back = []
    for version in on_trial():
        because = _astray(version)
        if because and _roll_back(version.pk, because):
            rolled_back.append(version.pk)
    return rolled_back


@transaction.atomic
def _roll_back(version_id: UUID, because: str) -> bool:
    """Do it, unless somebody was faster."""
    take_turn()
    if not on_trial().filter(pk=version_id).exists():
        return False
    version = found(version_id)
    assert version is not None  # noqa: S101 - seen a statement ago, and versions are never deleted
    roll_back(version, actor=GATE, because=because, is_fuse=True)
    return True


def _astray(version: PolicyVersion) -> str:
    chosen = configuration()
    rates, baseline = rates_of(version, seconds=chosen.policy_fuse_seconds)
    found = astray(rates, baseline, _limits(chosen))
    return f"The fuse: {'; '.join(found)}." if found else ""


def _limits(chosen: Configuration) -> Limits:
    return Limits(
        verdicts=chosen.policy_fuse_verdicts,
        rulings=chosen.policy_fuse_rulings,
        hold=chosen.policy_fuse_hold,
        block=chosen.policy_fuse_block,
        unavailable=chosen.policy_fuse_unavailable,
        overturned=chosen.policy_fuse_overturned,
        factor=chosen.policy_fuse_factor,
        margin=chosen.policy_fuse_margin,
        cases_an_hour=chosen.policy_fuse_cases,
    )
