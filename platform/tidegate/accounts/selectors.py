"""Who is who, and what they may see of an organisation."""

from uuid import UUID

from django.db.models import QuerySet

from tidegate.accounts.models import ApiKey, Membership, Organisation, StaffAppointment, User
from tidegate.accounts.scopes import STAFF_SCOPES
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.primitives.errors import NotAllowed, NotFound

__all__ = [
    "ANONYMOUS",
    "keys_of",
    "members_of",
    "membership_role",
    "organisations_of",
    "require_role",
    "staff_roles_of",
    "viewer_for_key",
    "viewer_for_user",
]

_RANK = {"viewer": 0, "member": 1, "admin": 2, "owner": 3}


def viewer_for_user(user: User) -> Viewer:
    """Return the viewer a signed-in person is; a deactivated one is nobody. One query."""
    if not user.is_active:
        return ANONYMOUS
    return Viewer(
        user_id=user.pk,
        staff_roles=staff_roles_of(user.pk),
        organisation_id=None,
        scopes=None,
        label=user.email,
    )


def viewer_for_key(key: ApiKey) -> Viewer:
    """Return the viewer an authenticated key is: its creator, inside its organisation.

    Staff roles come along only when the key was issued with a scope that needs them, so that a
    reviewer's ordinary integration key does not see what the reviewer sees.
    """
    scopes = frozenset(key.scopes)
    needs_roles = not scopes.isdisjoint(STAFF_SCOPES)
    return Viewer(
        user_id=key.created_by_id,
        staff_roles=staff_roles_of(key.created_by_id) if needs_roles else frozenset(),
        organisation_id=key.organisation_id,
        scopes=scopes,
        label=f"tg_{key.prefix}",
        key_id=key.pk,
    )


def staff_roles_of(user_id: UUID) -> frozenset[str]:
    """Return the staff roles a person holds now."""
    return frozenset(
        StaffAppointment.objects.filter(user_id=user_id, ended_at=None).values_list(
            "role", flat=True
        )
    )


def staff_roles_given_by(viewer: Viewer) -> frozenset[str]:
    """Return the staff roles that somebody may give and take: none above their own.

    Policy admins give every role, senior reviewers that of a reviewer. A key gives none.
    """
    role = StaffAppointment.Role
    if viewer.is_key:
        return frozenset()
    if viewer.has_role([role.POLICY_ADMIN]):
        return frozenset(role.values)
    return frozenset([role.REVIEWER]) if viewer.has_role([role.SENIOR_REVIEWER]) else frozenset()


def staff(viewer: Viewer) -> QuerySet[StaffAppointment]:
    """Return who holds which staff role now, with the people, by name.

    Raises:
        NotAllowed: the viewer gives no role.
    """
    _require_giver(viewer)
    held = StaffAppointment.objects.filter(ended_at=None, user__is_active=True)
    return held.select_related("user").order_by("user__display_name", "user_id", "role")


def _require_giver(viewer: Viewer) -> None:
    if not staff_roles_given_by(viewer):
        raise NotAllowed("Only those who appoint staff see all of it.", code="senior_staff_only")


def person_called(viewer: Viewer, email: str) -> User:
    """Return an active person by e-mail address, for who appoints staff.

    Raises:
        NotAllowed: the viewer gives no role.
        NotFound: there is none.
    """
    _require_giver(viewer)
    found = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if found is None:
        raise NotFound("Nobody has an account with this address.", code="user_not_found")
    return found


def organisations_of(viewer: Viewer) -> QuerySet[Organisation]:
    """Return the organisations the viewer belongs to, by name; a key sees its own only."""
    if viewer.user_id is None:
        return Organisation.objects.none()
    found = Organisation.objects.filter(
        memberships__user_id=viewer.user_id, memberships__user__is_active=True
    )
    if viewer.organisation_id is not None:
        found = found.filter(pk=viewer.organisation_id)
    return found.order_by("name", "pk")


def membership_role(viewer: Viewer, organisation_id: UUID) -> str | None:
    """Return the viewer's role in an organisation, or None."""
    if viewer.user_id is None:
        return None
    if viewer.organisation_id is not None and viewer.organisation_id != organisation_id:
        return None
    return (
        Membership.objects.filter(
            user_id=viewer.user_id, user__is_active=True, organisation_id=organisation_id
        )
        .values_list("role", flat=True)
        .first()
    )


def require_role(viewer: Viewer, organisation_id: UUID, at_least: str) -> str:
    """Return the viewer's role when it reaches `at_least`.

    Raises:
        NotFound: for one who does not belong, who may not learn that the organisation exists.
        NotAllowed: for a member whose role is too low.
    """
    if viewer.is_system:
        return Membership.Role.OWNER
    role = membership_role(viewer, organisation_id)
    if role is None:
        raise NotFound("There is no such organisation.", code="organisation_not_found")
    if _RANK[role] < _RANK[at_least]:
        raise NotAllowed(
            f"This needs the role {at_least} in the organisation; yours is {role}.",
            code="role_too_low",
        )
    return role


def members_of(viewer: Viewer, organisation_id: UUID) -> QuerySet[Membership]:
    """Return an organisation's members with their users, oldest first. Members may read it."""
    require_role(viewer, organisation_id, Membership.Role.VIEWER)
    return (
        Membership.objects.filter(organisation_id=organisation_id)
        .select_related("user")
        .order_by("created_at", "pk")
    )


def keys_of(viewer: Viewer, organisation_id: UUID) -> QuerySet[ApiKey]:
    """Return an organisation's keys, newest first. Owners and admins may read them."""
    require_role(viewer, organisation_id, Membership.Role.ADMIN)
    return (
        ApiKey.objects.filter(organisation_id=organisation_id)
        .select_related("created_by")
        .order_by("-created_at", "-pk")
    )
