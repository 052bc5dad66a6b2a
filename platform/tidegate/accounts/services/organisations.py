"""Organisations and who belongs to them with which role."""

from secrets import token_hex
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from tidegate.accounts.models import Membership, Organisation, User, canonical_email
from tidegate.accounts.selectors import require_role
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.errors import Conflict, FieldError, InvalidInput, NotAllowed, NotFound

_NAME_LIMIT = 80


@transaction.atomic
def create_organisation(*, viewer: Viewer, name: str) -> Organisation:
    """Found a company's organisation; the viewer becomes its owner.

    Raises:
        NotAllowed: for anyone but a signed-in person (a key is bound to its organisation).
        InvalidInput: a name of no or more than 80 characters.
    """
    founder = _person(viewer)
    organisation = insert_organisation(name=name, kind=Organisation.Kind.COMPANY, owner=founder)
    record(
        Action.ORGANISATION_CREATED,
        chain=chain_of(organisation.pk),
        actor=viewer.actor(),
        subject_type="accounts.organisation",
        subject_id=str(organisation.pk),
        before=None,
        after={"name": organisation.name, "kind": organisation.kind, "owner": str(founder.pk)},
    )
    return organisation


@transaction.atomic
def add_member(*, viewer: Viewer, organisation_id: UUID, email: str, role: str) -> Membership:
    """Let somebody who has an account into an organisation.

    Raises:
        NotFound: the organisation for a stranger, or nobody has this address.
        NotAllowed: below admin; only owners name owners; personal organisations have one member.
        Conflict: `already_member`.
    """
    _require_known(role)
    own_role = require_role(viewer, organisation_id, Membership.Role.ADMIN)
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)
    if organisation.kind == Organisation.Kind.PERSONAL:
        raise NotAllowed(
            "A personal organisation has one member; invite people into a project, "
            "or found a company's organisation.",
            code="personal_organisation",
        )
    _require_may_grant(own_role, role)
    user = User.objects.filter(email=canonical_email(email), is_active=True).first()
    if user is None:
        raise NotFound("Nobody here has this e-mail address.", code="user_not_found")
    membership, is_new = Membership.objects.get_or_create(
        user=user, organisation=organisation, defaults={"role": role}
    )
    if not is_new:
        raise Conflict("This person belongs to the organisation.", code="already_member")
    _record(Action.MEMBER_ADDED, viewer, membership, before=None, after={"role": role})
    return membership


@transaction.atomic
def change_role(*, viewer: Viewer, organisation_id: UUID, user_id: UUID, role: str) -> Membership:
    """Change a member's role.

    Raises:
        NotFound, NotAllowed: as `add_member`.
        Conflict: `last_owner`: an organisation always has one.
    """
    _require_known(role)
    own_role = require_role(viewer, organisation_id, Membership.Role.ADMIN)
    membership = _locked(organisation_id, user_id)
    before = membership.role
    if before == role:
        return membership
    _require_may_grant(own_role, role)
    _require_may_grant(own_role, before)
    if before == Membership.Role.OWNER:
        _require_other_owner(organisation_id, user_id)
    membership.role = role
    membership.save(update_fields=["role"])
    _record(
        Action.MEMBER_ROLE_CHANGED,
        viewer,
        membership,
        before={"role": before},
        after={"role": role},
    )
    return membership


@transaction.atomic
def remove_member(*, viewer: Viewer, organisation_id: UUID, user_id: UUID) -> None:
    """Let a member go, or leave; what they could see through the membership is gone at once.

    Raises:
        NotFound, NotAllowed, Conflict: as `change_role`.
    """
    leaves = viewer.user_id == user_id and not viewer.is_key
    needed = Membership.Role.VIEWER if leaves else Membership.Role.ADMIN
    own_role = require_role(viewer, organisation_id, needed)
    membership = _locked(organisation_id, user_id)
    if membership.role == Membership.Role.OWNER:
        _require_may_grant(own_role, membership.role)
        _require_other_owner(organisation_id, user_id)
    before = {"role": membership.role}
    membership.delete()
    _record(Action.MEMBER_REMOVED, viewer, membership, before=before, after=None)


def insert_organisation(*, name: str, kind: Organisation.Kind, owner: User) -> Organisation:
    """Insert an organisation with its first owner; the caller audits.

    Raises:
        InvalidInput: a name of no or more than 80 characters.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= _NAME_LIMIT:
        raise InvalidInput(
            errors=[FieldError("/name", "invalid_length", "A name has 1 to 80 characters.")]
        )
    base = slugify(name, allow_unicode=True)[:48] or "organisation"
    taken = Organisation.objects.filter(slug=base).exists()
    organisation = Organisation.objects.create(
        # Two that ask for a free name at once meet the unique constraint; personal names
        # repeat often, so those never try the bare one.
        slug=f"{base}-{token_hex(4)}" if taken or kind == Organisation.Kind.PERSONAL else base,
        name=name,
        kind=kind,
    )
    Membership.objects.create(user=owner, organisation=organisation, role=Membership.Role.OWNER)
    return organisation


def chain_of(organisation_id: UUID) -> str:
    """Name the audit chain of everything that belongs to an organisation."""
    return f"organisation:{organisation_id}"


def _person(viewer: Viewer) -> User:
    if viewer.user_id is None or viewer.is_key:
        raise NotAllowed("Only a signed-in person founds an organisation.", code="person_only")
    user = User.objects.filter(pk=viewer.user_id, is_active=True).first()
    if user is None:
        raise NotAllowed("This account is closed.", code="account_closed")
    return user


def _locked(organisation_id: UUID, user_id: UUID) -> Membership:
    # The organisation's row is the lock: "at least one owner" spans all its memberships.
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)
    membership = Membership.objects.filter(organisation_id=organisation_id, user_id=user_id).first()
    if membership is None:
        raise NotFound("This person does not belong to the organisation.", code="user_not_found")
    return membership


def _require_known(role: str) -> None:
    if role not in Membership.Role.values:
        raise InvalidInput(
            errors=[FieldError("/role", "unknown_role", "Choose owner, admin, member or viewer.")]
        )


def _require_may_grant(own_role: str, role: str) -> None:
    if role == Membership.Role.OWNER and own_role != Membership.Role.OWNER:
        raise NotAllowed("Only an owner makes or changes owners.", code="owner_only")


def _require_other_owner(organisation_id: UUID, user_id: UUID) -> None:
    others = Membership.objects.filter(
        organisation_id=organisation_id, role=Membership.Role.OWNER
    ).exclude(user_id=user_id)
    if not others.exists():
        raise Conflict("An organisation keeps at least one owner.", code="last_owner")


def _record(
    action: Action,
    viewer: Viewer,
    membership: Membership,
    *,
    before: dict[str, str] | None,
    after: dict[str, str] | None,
) -> None:
    record(
        action,
        chain=chain_of(membership.organisation_id),
        actor=viewer.actor(),
        subject_type="accounts.user",
        subject_id=str(membership.user_id),
        before=before,
        after=after,
    )
