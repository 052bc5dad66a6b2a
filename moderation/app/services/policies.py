"""Writes of policy versions by the platform: the policy file, and word lists that changed."""

from django.db import transaction
from django.db.models import Q, QuerySet

from moderation.app.models import PolicyVersion
from moderation.app.services.policy_records import GATE, move, take_turn, tell
from moderation.core import policy as policies
from moderation.core.policy import Policy
from moderation.core.policy_file import InvalidPolicy
from tidegate.audit.actions import Action
from tidegate.primitives.clock import now

_STATE = PolicyVersion.State
_ORIGIN = PolicyVersion.Origin
FROM_THE_FILE = "read from the policy file at start"


@transaction.atomic
def activate_policy(*, policy: Policy, lists_digest: str = "") -> PolicyVersion:
    """Take up the policy file of this process; doing so again changes nothing.

    It becomes active while nobody has put another one in force: a first start has to judge by
    something, and a changed file goes on to take over. Once people did, or a policy was rolled
    back, a changed file is a draft that people decide about, and the active one is returned.

    `lists_digest` names the word lists of this process: what was made with others becomes a new
    version of the same text in the same state.
    """
    active = _active()
    if active is not None and _is_settled(active, policy, lists_digest):
        return active
    take_turn()
    if lists_digest:
        _follow(lists_digest)
    active = _active()
    if active is not None and _is_settled(active, policy, lists_digest):
        return active
    mine, is_new = PolicyVersion.objects.get_or_create(
        version=policy.version,
        defaults={"source": policy.source, "origin": _ORIGIN.FILE},
    )
    mine.name, mine.lists_digest = policy.name, lists_digest
    if active is not None and _people_decide():
        if is_new or mine.origin == _ORIGIN.STAMP:
            _draft(mine)
        return active
    if mine.origin == _ORIGIN.STAMP:
        mine.origin = _ORIGIN.FILE
    if active is not None:
        move(active, _STATE.RETIRED, actor=GATE, reason="replaced by the policy file")
    mine.replaced = active
    move(mine, _STATE.ACTIVE, actor=GATE, reason=FROM_THE_FILE, action=Action.POLICY_ACTIVATED)
    return mine


def under_lists(version: PolicyVersion, lists_digest: str) -> PolicyVersion | None:
    """Return the version of the same text under other word lists, saved.

    None where this release obeys the text no more. It takes over who proposed and approved it,
    but not the state.
    """
    try:
        policy = policies.parse(version.source, lists_digest=lists_digest)
    except InvalidPolicy:
        return None
    if policy.version == version.version:
        version.lists_digest = lists_digest
        version.save(update_fields=["lists_digest"])
        return version
    other = PolicyVersion.objects.filter(version=policy.version).first()
    if other is None:
        other = PolicyVersion(version=policy.version, source=version.source)
    elif other.state not in {_STATE.RETIRED, _STATE.DRAFT}:
        return other
    for field in (
        "origin",
        "proposed_by_id",
        "approved_by_id",
        "approved_at",
        "canary_share",
        "canary_seed",
        "replaced_id",
        "probation_until",
        "activated_at",
    ):
        setattr(other, field, getattr(version, field))
    other.name, other.lists_digest, other.state = policy.name, lists_digest, _STATE.RETIRED
    other.active = False
    other.save()
    return other


def _active() -> PolicyVersion | None:
    return PolicyVersion.objects.filter(state=_STATE.ACTIVE).first()


def _is_settled(active: PolicyVersion, policy: Policy, lists_digest: str) -> bool:
    """Whether nothing is left to do: its own file is in force, or known where people decide."""
    if lists_digest and _of_other_lists(lists_digest).exists():
        return False
    if active.version == policy.version:
        return True
    return (
        PolicyVersion.objects.filter(version=policy.version).exclude(origin=_ORIGIN.STAMP).exists()
        and _people_decide()
    )


def _people_decide() -> bool:
    """Whether people ever put a policy in force, or one was rolled back."""
    return PolicyVersion.objects.filter(
        Q(activated_at__isnull=False, approved_by__isnull=False) | Q(rolled_back_at__isnull=False)
    ).exists()


def _of_other_lists(lists_digest: str) -> "QuerySet[PolicyVersion]":
    alive = PolicyVersion.objects.exclude(state=_STATE.RETIRED).exclude(origin=_ORIGIN.STAMP)
    return alive.exclude(lists_digest=lists_digest)


def _follow(lists_digest: str) -> None:
    """Give every version that is not over to these word lists, in the state where it stands."""
    for version in _of_other_lists(lists_digest).order_by("id"):
        other = under_lists(version, lists_digest)
        if other is None or other.pk == version.pk:
            continue
        state, reason = version.state, "the word lists changed"
        before = {"version": version.version, "state": state}
        version.state, version.active = _STATE.RETIRED, False
        version.canary_share = version.probation_until = None
        version.reason, version.state_since = reason, now()
        version.save()
        if other.state == _STATE.RETIRED:
            other.state, other.active = state, state == _STATE.ACTIVE
            other.reason, other.state_since = reason, now()
            other.save()
        tell(other, before=before, actor=GATE, reason=reason, action=Action.POLICY_LISTS_CHANGED)


def _draft(version: PolicyVersion) -> None:
    version.origin, version.state_since = _ORIGIN.FILE, now()
    version.reason = FROM_THE_FILE
    version.save()
    tell(
        version,
        before=None,
        actor=GATE,
        reason=FROM_THE_FILE,
        action=Action.POLICY_PROPOSED,
    )
