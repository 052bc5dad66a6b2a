"""API keys: issued once in clear, kept as a digest, checked on every call."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from tidegate.accounts.errors import KeyRefused
from tidegate.accounts.keys import digest_of, matches, new_key, prefix_of
from tidegate.accounts.models import ApiKey, Membership, User
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.accounts.selectors import require_role
from tidegate.accounts.services.organisations import chain_of
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.statements import Select

_NAME_LIMIT = 80
_TOUCH_EVERY = timedelta(minutes=1)
# Compared against when no key has the prefix, so that both refusals cost the same.
_NO_DIGEST = digest_of("")
_KEY = Select(
    """
    SELECT {key}, {creator}, EXISTS (
        SELECT FROM accounts_membership AS member
        WHERE member.organisation_id = key.organisation_id AND member.user_id = key.created_by_id
    )
    FROM accounts_api_key AS key
    JOIN accounts_user AS creator ON creator.id = key.created_by_id
    WHERE key.prefix = %s
    """,
    key=ApiKey,
    creator=User,
)


@transaction.atomic
def issue_key(
    *,
    viewer: Viewer,
    organisation_id: UUID,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which nobody can read again.

    Raises:
        NotFound, NotAllowed: below admin; a key issuing a key; a staff scope without a staff role.
        InvalidInput: name, scopes or expiry do not hold.
    """
    require_role(viewer, organisation_id, Membership.Role.ADMIN)
    if viewer.user_id is None or viewer.is_key:
        raise NotAllowed("Only a signed-in person issues keys.", code="person_only")
    wanted, name = sorted(set(scopes)), " ".join(name.split())
    _require_sound(name, wanted, expires_at)
    if not viewer.is_staff and not STAFF_SCOPES.isdisjoint(wanted):
        raise NotAllowed("These scopes are for staff.", code="staff_scope")
    made = new_key()
    key = ApiKey.objects.create(
        organisation_id=organisation_id,
        created_by_id=viewer.user_id,
        name=name,
        prefix=made.prefix,
        digest=made.digest,
        scopes=wanted,
        expires_at=expires_at,
    )
    _record(Action.KEY_ISSUED, viewer, key, before=None, after=_described(key))
    return key, made.text


@transaction.atomic
def revoke_key(*, viewer: Viewer, key_id: UUID, reason: str = "") -> ApiKey:
    """Close a key for good; closing it twice changes nothing.

    Raises:
        NotFound: no such key in an organisation the viewer administers or made it in.
    """
    key = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None:
        raise NotFound("There is no such key.", code="key_not_found")
    made_it = viewer.user_id == key.created_by_id and not viewer.is_key
    try:
        require_role(viewer, key.organisation_id, "viewer" if made_it else "admin")
    except NotFound as error:
        raise NotFound("There is no such key.", code="key_not_found") from error
    if key.revoked_at is None:
        key.revoked_at = now()
        key.save(update_fields=["revoked_at"])
        _record(Action.KEY_REVOKED, viewer, key, before=_described(key), after=None, reason=reason)
    return key


def authenticate_key(text: str) -> ApiKey:
    """Return the live key that a text belongs to, with its creator. One query.

    Raises:
        KeyRefused: `key_unknown`, `key_revoked`, `key_expired`, or `key_orphaned` when its
            creator left the organisation or was deactivated. Only a right secret learns more
            than `key_unknown`.
    """
    key: ApiKey | None
    creator: User | None
    key, creator, belongs = _KEY.first([prefix_of(text) or ""]) or (None, None, False)
    is_right = matches(text, key.digest if key else _NO_DIGEST)
    if key is None or creator is None or not is_right:
        raise KeyRefused("There is no such API key.", code="key_unknown")
    if key.revoked_at is not None:
        raise KeyRefused("This API key was revoked.", code="key_revoked")
    if key.expires_at is not None and key.expires_at <= now():
        raise KeyRefused("This API key has expired.", code="key_expired")
    if not belongs or not creator.is_active:
        raise KeyRefused("Whoever made this API key left the organisation.", code="key_orphaned")
    key.created_by = creator
    return key


def touch_key(key: ApiKey) -> None:
    """Note that a key was used, at most once a minute: a busy key is not a busy row."""
    moment = now()
    if key.last_used_at is not None and moment - key.last_used_at < _TOUCH_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=moment - _TOUCH_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=moment)


def _require_sound(name: str, scopes: list[str], expires_at: datetime | None) -> None:
    errors = []
    if not 1 <= len(name) <= _NAME_LIMIT:
        errors.append(FieldError("/name", "invalid_length", "A name has 1 to 80 characters."))
    if not scopes:
        errors.append(FieldError("/scopes", "required", "Name at least one scope."))
    errors += [
        FieldError("/scopes", "unknown_scope", f"There is no scope {scope!r}.")
        for scope in scopes
        if scope not in SCOPES
    ]
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now()):
        errors.append(
            FieldError("/expires_at", "in_the_past", "The expiry must be in the future, with zone.")
        )
    if errors:
        raise InvalidInput(errors=errors)


def _described(key: ApiKey) -> dict[str, object]:
    return {
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }


def _record(
    action: Action,
    viewer: Viewer,
    key: ApiKey,
    *,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
    reason: str = "",
) -> None:
    record(
        action,
        chain=chain_of(key.organisation_id),
        actor=viewer.actor(),
        subject_type="accounts.api_key",
        subject_id=str(key.pk),
        before=before,
        after=after,
        reason=reason,
    )
