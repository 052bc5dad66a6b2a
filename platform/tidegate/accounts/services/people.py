"""People: sign-up, staff appointments, deactivation."""

from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from tidegate.accounts.models import Organisation, StaffAppointment, User
from tidegate.accounts.models import canonical_email as canonical
from tidegate.accounts.selectors import staff_roles_given_by
from tidegate.accounts.services.organisations import insert_organisation
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, FieldError, InvalidInput, NotAllowed, NotFound

PLATFORM = "platform"
_NAME_LIMIT = 80
LANGUAGES = frozenset({"en", "zh-hans"})


@transaction.atomic
def create_user(
    *,
    email: str,
    password: str | None,
    display_name: str,
    language: str = "en",
    actor: Actor | None = None,
) -> User:
    """Insert a person without an organisation: staff. Without a password they cannot log in yet.

    Raises:
        InvalidInput: email, password or name do not hold; one entry per field.
        Conflict: `email_taken`.
    """
    user = _insert_user(email, password, display_name, language)
    record(
        Action.USER_CREATED,
        chain=PLATFORM,
        actor=actor or Actor(kind="user", id=str(user.pk), label=user.email),
        subject_type="accounts.user",
        subject_id=str(user.pk),
        before=None,
        after={"email": user.email, "display_name": user.display_name},
        person=user.pk,
        personal=("email", "display_name"),
    )
    return user


@transaction.atomic
def create_account(
    *, email: str, password: str | None, display_name: str, language: str = "en"
) -> tuple[User, Organisation]:
    """Insert a person with an organisation of their own, which they own.

    Sign-up calls `projects.services.open_account`, which adds the first project.

    Raises:
        InvalidInput, Conflict: as `create_user`.
    """
    user = _insert_user(email, password, display_name, language)
    organisation = insert_organisation(
        name=user.display_name, kind=Organisation.Kind.PERSONAL, owner=user
    )
    record(
        Action.ACCOUNT_OPENED,
        chain=f"organisation:{organisation.pk}",
        actor=Actor(kind="user", id=str(user.pk), label=user.email),
        subject_type="accounts.user",
        subject_id=str(user.pk),
        before=None,
        after={"email": user.email, "organisation": str(organisation.pk)},
        person=user.pk,
        personal=("email",),
    )
    return user, organisation


@transaction.atomic
def set_language(*, viewer: Viewer, language: str) -> User:
    """Change the language a person reads. No trail: it concerns nobody else.

    Raises:
        InvalidInput: a language the product does not speak.
    """
    if language not in LANGUAGES:
        raise InvalidInput(
            errors=[FieldError("/language", "unknown_language", "Choose en or zh-hans.")]
        )
    if viewer.user_id is None:
        raise NotAllowed("Sign in first.", code="sign_in_first")
    user = _locked_user(viewer.user_id)
    user.language = language
    user.save(update_fields=["language"])
    return user


@transaction.atomic
def appoint_staff(*, viewer: Viewer, user_id: UUID, role: str) -> StaffAppointment:
    """Give a person a staff role; appointing twice changes nothing.

    Raises:
        NotAllowed: the role is not for the viewer to give (`staff_roles_given_by`), or it is
            oneself.
        NotFound, InvalidInput: no such active person, no such role.
    """
    _require_giver(viewer, role)
    if viewer.user_id == user_id:
        raise NotAllowed("Nobody appoints themselves.", code="own_appointment")
    user = _locked_user(user_id)
    appointment, is_new = StaffAppointment.objects.get_or_create(
        user=user, role=role, ended_at=None
    )
    if is_new:
        record(
            Action.STAFF_APPOINTED,
            chain=PLATFORM,
            actor=viewer.actor(),
            subject_type="accounts.user",
            subject_id=str(user.pk),
            before=None,
            after={"role": role},
        )
    return appointment


@transaction.atomic
def dismiss_staff(*, viewer: Viewer, user_id: UUID, role: str, reason: str) -> None:
    """End a staff role; ending it twice changes nothing.

    Raises:
        NotAllowed: as `appoint_staff`.
        Conflict: nobody would be left who appoints staff.
    """
    _require_giver(viewer, role)
    if viewer.user_id == user_id:
        raise NotAllowed("Nobody dismisses themselves.", code="own_appointment")
    user = _locked_user(user_id)
    if role == StaffAppointment.Role.POLICY_ADMIN:
        _require_another_admin(user_id)
    ended = StaffAppointment.objects.filter(user=user, role=role, ended_at=None).update(
        ended_at=now()
    )
    if ended:
        record(
            Action.STAFF_DISMISSED,
            chain=PLATFORM,
            actor=viewer.actor(),
            subject_type="accounts.user",
            subject_id=str(user.pk),
            before={"role": role},
            after=None,
            reason=reason,
        )


def _require_giver(viewer: Viewer, role: str) -> None:
    if role not in StaffAppointment.Role.values:
        raise InvalidInput(
            errors=[FieldError("/role", "unknown_role", "There is no such staff role.")]
        )
    if not viewer.is_system and role not in staff_roles_given_by(viewer):
        raise NotAllowed("This role is not yours to give.", code="role_not_yours_to_give")


def _require_another_admin(user_id: UUID) -> None:
    """Raise Conflict where somebody is the last policy admin; two at once do not both go."""
    admins = StaffAppointment.objects.select_for_update(of=("self",)).filter(
        role=StaffAppointment.Role.POLICY_ADMIN, ended_at=None, user__is_active=True
    )
    if not any(one.user_id != user_id for one in admins.order_by("pk")):
        raise Conflict(
            "This is the last policy admin: appoint another one first.", code="last_policy_admin"
        )


@transaction.atomic
def deactivate_user(*, viewer: Viewer, user_id: UUID, reason: str) -> User:
    """Close a person's access: sessions, keys and memberships stop to count at once.

    Raises:
        NotAllowed: unless the platform itself, a policy admin or the person asks.
    """
    if viewer.user_id != user_id or viewer.is_key:
        _require_policy_admin(viewer)
    user = _locked_user(user_id)
    user.is_active = False
    user.save(update_fields=["is_active"])
    record(
        Action.USER_DEACTIVATED,
        chain=PLATFORM,
        actor=viewer.actor(),
        subject_type="accounts.user",
        subject_id=str(user.pk),
        before={"is_active": True},
        after={"is_active": False},
        reason=reason,
    )
    return user


def _insert_user(email: str, password: str | None, display_name: str, language: str) -> User:
    address, name = canonical(email), " ".join(display_name.split())
    user = User(email=address, display_name=name, language=language)
    errors = _errors_of(user, password)
    if errors:
        raise InvalidInput(errors=errors)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        if not User.objects.filter(email=address).exists():
            raise
        raise Conflict("This e-mail address has an account.", code="email_taken") from error
    return user


def _errors_of(user: User, password: str | None) -> list[FieldError]:
    errors: list[FieldError] = []
    try:
        validate_email(user.email)
    except ValidationError:
        errors.append(FieldError("/email", "invalid_email", "This is no e-mail address."))
    if not 1 <= len(user.display_name) <= _NAME_LIMIT:
        errors.append(
            FieldError("/display_name", "invalid_length", "A name has 1 to 80 characters.")
        )
    if user.language not in LANGUAGES:
        errors.append(FieldError("/language", "unknown_language", "Choose en or zh-hans."))
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            errors += [
                FieldError("/password", item.code or "invalid_password", " ".join(item.messages))
                for item in error.error_list
            ]
    return errors


def _locked_user(user_id: UUID) -> User:
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id, is_active=True).first()
    if user is None:
        raise NotFound("There is no such person.", code="user_not_found")
    return user


def _require_policy_admin(viewer: Viewer) -> None:
    if not (viewer.is_system or viewer.has_role([StaffAppointment.Role.POLICY_ADMIN])):
        raise NotAllowed("This needs the staff role policy admin.", code="policy_admin_only")
