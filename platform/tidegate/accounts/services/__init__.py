"""Every write about people, their organisations and their keys."""

from tidegate.accounts.services.keys import authenticate_key, issue_key, revoke_key, touch_key
from tidegate.accounts.services.organisations import (
    add_member,
    change_role,
    create_organisation,
    remove_member,
)
from tidegate.accounts.services.people import (
    appoint_staff,
    create_account,
    create_user,
    deactivate_user,
    dismiss_staff,
    set_language,
)

__all__ = [
    "add_member",
    "appoint_staff",
    "authenticate_key",
    "change_role",
    "create_account",
    "create_organisation",
    "create_user",
    "deactivate_user",
    "dismiss_staff",
    "issue_key",
    "remove_member",
    "revoke_key",
    "set_language",
    "touch_key",
]
