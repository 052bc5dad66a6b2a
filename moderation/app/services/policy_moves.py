"""What people do with policies: propose, shadow, approve, try, put in force, roll back."""

import math
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from moderation.app.configuration import configuration
from moderation.app.in_force import lists_digest, policy_of
from moderation.app.models import PolicyVersion
from moderation.app.roles import require_policy_admin
from moderation.app.selectors.policies import evidence_for
from moderation.app.services.banks import reason_of
from moderation.app.services.policies import under_lists
from moderation.app.services.policy_records import found, move, take_turn, tell
from moderation.core.policy_file import InvalidPolicy
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    InvalidMove,
    NotAllowed,
    NotFound,
)

_STATE = PolicyVersion.State
_ORIGIN = PolicyVersion.Origin
LONGEST_POLICY: Final = 200_000
SEED_CHARACTERS: Final = 64
# What people may ask for. RETIRED from ACTIVE is not among it: something always judges.
_ASKED: Final[frozenset[str]] = frozenset(_STATE.values)
_NEEDS_REPLACEMENT: Final = "What is active is replaced or rolled back, never only taken away."


@transaction.atomic
def propose_policy(*, source: str, viewer: Viewer, reason: str) -> PolicyVersion:
    """Keep a policy text as a draft; the same text again is the version that is there.

    A retired version becomes a draft again, proposed by the viewer and approved by nobody.

    Raises:
        NotAllowed: not a policy admin.
        InvalidInput: a text that cannot be obeyed (the message names places), or no reason.
    """
    user_id = require_policy_admin(viewer)
    words = reason_of(reason, "A proposal needs a reason.")
    if len(source) > LONGEST_POLICY or "\0" in source:
        raise _wrong(
            "/text", "policy_invalid", f"A policy has at most {LONGEST_POLICY} characters."
        )
    try:
        policy = policy_of(source)
    except InvalidPolicy as error:
        raise _wrong("/text", "policy_invalid", str(error)) from error
    take_turn()
    version, is_new = PolicyVersion.objects.get_or_create(
        version=policy.version, defaults={"source": source}
    )
    is_stamp = version.origin == _ORIGIN.STAMP
    if not is_new and not is_stamp and version.state != _STATE.RETIRED:
        return version
    before = None if is_new or is_stamp else {"state": version.state}
    if version.state != _STATE.DRAFT:
        version.move_to(_STATE.DRAFT)
    version.origin, version.proposed_by_id = _ORIGIN.PERSON, user_id
    version.approved_by = version.approved_at = None
    version.name, version.lists_digest = policy.name, lists_digest()
    version.reason, version.state_since = words, now()
    version.save()
    tell(version, before=before, actor=viewer.actor(), reason=words, action=Action.POLICY_PROPOSED)
    return version


@transaction.atomic
def move_policy(
    *,
    version_id: UUID,
    to: str,
    viewer: Viewer,
    reason: str,
    canary_share: float | None = None,
    canary_seed: str = "",
) -> PolicyVersion:
    """Move a version on: draft, shadow, approved, canary, active or retired; twice is no error.

    Approval is by another person than who proposed it, after it was shadowed on, or backtested
    over, enough (`Configuration.approval_evidence`). A canary has a share above 0 up to 1; moved to
    canary again, its share changes and, without a new seed, everybody drawn before stays drawn.
    Only a canary becomes active; what was active is retired, and a fuse watches for a while.

    Raises:
        NotAllowed: not a policy admin, or the proposer approves.
        NotFound: no such version.
        InvalidInput: an unknown state, a share that cannot be, or no reason.
        InvalidMove: its state does not lead there.
        Conflict: too many shadows, another canary, or nothing yet known about it.
    """
    user_id = require_policy_admin(viewer)
    words = reason_of(reason, "A move needs a reason.")
    if to not in _ASKED:
        raise _wrong("/to", "unknown_state", "There is no such state.")
    take_turn()
    version = _version_of(version_id)
    actor = viewer.actor()
    if version.state == to and to != _STATE.CANARY:
        return version
    if to == _STATE.RETIRED and version.state == _STATE.ACTIVE:
        raise InvalidMove(_NEEDS_REPLACEMENT, code="invalid_policy_move")
    if to == _STATE.SHADOW:
        _require_room()
    elif to == _STATE.APPROVED:
        _require_second_person(version, user_id)
        _require_evidence(version)
        version.approved_by_id, version.approved_at = user_id, now()
    elif to == _STATE.CANARY:
        return _try(version, canary_share, canary_seed.strip(), actor, words)
    elif to == _STATE.ACTIVE:
        return _put_in_force(version, actor, words)
    elif to == _STATE.DRAFT:
        version.approved_by = version.approved_at = None
    move(version, to, actor=actor, reason=words)
    return version


@transaction.atomic
def roll_back_policy(*, version_id: UUID, viewer: Viewer, reason: str) -> PolicyVersion:
    """Take a canary off, or put what was active before back in force; twice is no error.

    Raises:
        NotAllowed, NotFound, InvalidInput: as `move_policy`.
        InvalidMove: it is neither canary nor active, or nothing was active before it.
    """
    require_policy_admin(viewer)
    words = reason_of(reason, "A roll-back needs a reason.")
    take_turn()
    version = _version_of(version_id)
    if version.state == _STATE.RETIRED and version.rolled_back_at is not None:
        return version
    if version.state not in {_STATE.CANARY, _STATE.ACTIVE}:
        raise InvalidMove(
            f"a policy that is {version.state} cannot be rolled back", code="invalid_policy_move"
        )
    roll_back(version, actor=viewer.actor(), because=words, is_fuse=False)
    return version


def roll_back(version: PolicyVersion, *, actor: Actor, because: str, is_fuse: bool) -> None:
    """Roll a locked canary or active version back, after `take_turn`, in the caller's transaction.

    The one before comes back with the word lists of today.

    Raises:
        InvalidMove: nothing was active before it.
    """
    was_active = version.state == _STATE.ACTIVE
    before = None
    if was_active:
        before = None if version.replaced is None else found(version.replaced.pk)
        if before is not None and before.lists_digest != version.lists_digest:
            before = under_lists(before, version.lists_digest)
        if before is None:
            raise InvalidMove("Nothing was active before it.", code="invalid_policy_move")
    version.rolled_back_at, version.rolled_back_because = now(), because
    version.rolled_back_by_fuse = is_fuse
    move(
        version,
        _STATE.RETIRED,
        actor=actor,
        reason=because,
        action=Action.POLICY_ROLLED_BACK,
    )
    if before is not None:
        move(
            before,
            _STATE.ACTIVE,
            actor=actor,
            reason=f"back in force: {because}",
            action=Action.POLICY_ACTIVATED,
        )


def _try(
    version: PolicyVersion, share: float | None, seed: str, actor: Actor, reason: str
) -> PolicyVersion:
    if share is None or not math.isfinite(share) or not 0.0 < share <= 1.0:
        raise _wrong(
            "/canary_share", "out_of_range", "A canary's share lies above 0 and is at most 1."
        )
    if len(seed) > SEED_CHARACTERS or "\0" in seed:
        raise _wrong(
            "/canary_seed", "invalid_length", f"A seed has at most {SEED_CHARACTERS} characters."
        )
    if PolicyVersion.objects.filter(state=_STATE.CANARY).exclude(pk=version.pk).exists():
        raise Conflict("Another policy is tried on a share of the traffic.", code="canary_taken")
    chosen = seed or version.canary_seed or str(version.pk)
    if version.state == _STATE.CANARY and (version.canary_share, version.canary_seed) == (
        share,
        chosen,
    ):
        return version
    version.canary_share, version.canary_seed = share, chosen
    move(version, _STATE.CANARY, actor=actor, reason=reason)
    return version


def _put_in_force(version: PolicyVersion, actor: Actor, reason: str) -> PolicyVersion:
    if version.state != _STATE.CANARY:
        raise InvalidMove(
            f"a policy that is {version.state} is tried on a share first",
            code="invalid_policy_move",
        )
    active = PolicyVersion.objects.get(state=_STATE.ACTIVE)
    move(active, _STATE.RETIRED, actor=actor, reason=f"replaced: {reason}")
    version.replaced = active
    version.probation_until = now() + timedelta(seconds=configuration().probation_seconds)
    move(version, _STATE.ACTIVE, actor=actor, reason=reason, action=Action.POLICY_ACTIVATED)
    return version


def _version_of(version_id: UUID) -> PolicyVersion:
    version = found(version_id)
    if version is None or version.origin == _ORIGIN.STAMP:
        raise NotFound("There is no such policy version.", code="policy_not_found")
    return version


def _wrong(pointer: str, code: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=[FieldError(pointer, code, message)])


def _require_room() -> None:
    most = configuration().most_shadows
    if PolicyVersion.objects.filter(state=_STATE.SHADOW).count() >= most:
        raise Conflict(f"There are {most} shadows already.", code="shadow_limit")


def _require_second_person(version: PolicyVersion, user_id: UUID) -> None:
    if version.proposed_by_id == user_id:
        raise NotAllowed("Another person approves than who proposed it.", code="own_policy")


def _require_evidence(version: PolicyVersion) -> None:
    """Refuse what nobody knows anything about; a file's text that was in force is known."""
    if version.state == _STATE.RETIRED and version.activated_at and not version.rolled_back_at:
        return
    least = configuration().approval_evidence
    known = evidence_for(version.pk)
    if max(known) < least:
        raise Conflict(
            f"It was shadowed on {known.shadowed} outputs and backtested over {known.backtested}"
            f" decisions; {least} of either are needed.",
            code="policy_untried",
        )
