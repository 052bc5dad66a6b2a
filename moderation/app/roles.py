"""Who may look into the gate, and who may decide."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import NotAllowed

DECIDERS = frozenset({"reviewer", "senior_reviewer", "policy_admin", "legal_counsel"})
READERS = DECIDERS | {"auditor"}
HASH_KEEPERS = frozenset({"senior_reviewer", "policy_admin"})
RESTRICTERS = frozenset({"senior_reviewer", "policy_admin"})
BANK_ADMINS = frozenset({"policy_admin"})
LEADS = frozenset({"senior_reviewer", "policy_admin"})
QUALITY_READERS = LEADS | {"auditor"}
DESKS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "first": frozenset({"reviewer", "senior_reviewer", "policy_admin"}),
        "senior": LEADS,
        "legal": frozenset({"legal_counsel", "policy_admin"}),
    }
)
"""Who decides the cases of which desk."""


def require_reader(viewer: Viewer) -> UUID:
    """Return the id of a person who may read cases, or raise NotAllowed."""
    return _require(viewer, READERS, "cases:read")


def require_decider(viewer: Viewer) -> UUID:
    """Return the reviewer's user id, or raise NotAllowed."""
    return _require(viewer, DECIDERS, "cases:decide")


def desks_of(viewer: Viewer) -> tuple[str, ...]:
    """Return the desks whose cases the viewer decides."""
    return tuple(desk for desk, roles in DESKS.items() if viewer.has_role(roles))


def require_restricter(viewer: Viewer) -> UUID:
    """Return the id of a person who may restrict people and void strikes, or raise NotAllowed."""
    if viewer.user_id is None or not may_restrict(viewer):
        raise NotAllowed(
            "Only senior reviewers and policy admins do this.", code="senior_staff_only"
        )
    return viewer.user_id


def may_restrict(viewer: Viewer) -> bool:
    """Whether the viewer may restrict people, lift that, and void strikes."""
    return _has(viewer, RESTRICTERS, "cases:decide")


def require_lead(viewer: Viewer) -> UUID:
    """Return the id of a person who looks after reviewers, or raise NotAllowed."""
    if viewer.user_id is None or not leads_reviewers(viewer):
        raise NotAllowed(
            "Only senior reviewers and policy admins do this.", code="senior_staff_only"
        )
    return viewer.user_id


def leads_reviewers(viewer: Viewer) -> bool:
    """Whether the viewer sees what reviewers were exposed to."""
    return _has(viewer, LEADS, "cases:read")


def require_quality_reader(viewer: Viewer) -> UUID:
    """Return the id of a person who sees how well everybody decides, or raise NotAllowed."""
    if viewer.user_id is None or not reads_quality(viewer):
        raise NotAllowed("Only senior staff and auditors see this.", code="senior_staff_only")
    return viewer.user_id


def reads_quality(viewer: Viewer) -> bool:
    """Whether the viewer sees how well everybody decides."""
    return _has(viewer, QUALITY_READERS, "cases:read")


def require_hash_keeper(viewer: Viewer) -> UUID:
    """Return the id of a person who may edit hash lists by hand, or raise NotAllowed."""
    return _require(viewer, HASH_KEEPERS, "cases:decide")


def require_hash_importer(viewer: Viewer) -> UUID | None:
    """Return the id of who may edit hash lists; None for the platform's own commands."""
    return None if viewer.is_system else require_hash_keeper(viewer)


def require_hash_reader(viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer, or the platform's own command, may read hash lists."""
    if not viewer.is_system:
        require_reader(viewer)


def require_bank_admin(viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer may make and change whole banks."""
    if viewer.is_system:
        return
    if not _has(viewer, BANK_ADMINS, "cases:decide"):
        raise NotAllowed("Only policy admins do this.", code="policy_admin_only")


def require_policy_admin(viewer: Viewer) -> UUID:
    """Return the id of a person who may propose, approve and move policies, or raise NotAllowed."""
    if viewer.user_id is None or not may_admin_policies(viewer):
        raise NotAllowed("Only policy admins do this.", code="policy_admin_only")
    return viewer.user_id


def require_run_admin(viewer: Viewer) -> UUID | None:
    """Return the id of who may run policies over what is stored; None for our own commands."""
    return None if viewer.is_system else require_policy_admin(viewer)


def require_policy_reader(viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer, or the platform's own command, may read policies."""
    if not viewer.is_system:
        require_reader(viewer)


def may_admin_policies(viewer: Viewer) -> bool:
    """Whether the viewer may move policies on, and start runs over what is stored."""
    return _has(viewer, BANK_ADMINS, "cases:decide")


def may_keep_hashes(viewer: Viewer) -> bool:
    """Whether the viewer may edit the entries of hash banks."""
    return _has(viewer, HASH_KEEPERS, "cases:decide")


def may_admin_banks(viewer: Viewer) -> bool:
    """Whether the viewer may make banks and change their share and fuse."""
    return _has(viewer, BANK_ADMINS, "cases:decide")


def may_decide(viewer: Viewer) -> bool:
    """Whether the viewer may claim and decide cases at all."""
    return _has(viewer, DECIDERS, "cases:decide")


def _has(viewer: Viewer, roles: frozenset[str], scope: str) -> bool:
    return (
        viewer.user_id is not None
        and viewer.has_role(roles)
        and (viewer.scopes is None or scope in viewer.scopes)
    )


def _require(viewer: Viewer, roles: frozenset[str], scope: str) -> UUID:
    if viewer.user_id is None or not _has(viewer, roles, scope):
        raise NotAllowed("Only review staff may do this.", code="review_staff_only")
    return viewer.user_id
