"""allauth's sign-up, led through `open_account`."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from tidegate.accounts.models import User
from tidegate.projects import services


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """A person who signs up gets an organisation and a project with the account."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether this installation lets strangers in."""
        return bool(getattr(settings, "TIDEGATE_SIGN_UP_OPEN", True))

    def new_user(self, request: HttpRequest) -> User:
        """Return an unsaved person; `save_user` replaces its fields."""
        return User()

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002  # allauth calls it so
        """Open the account and hand allauth the person it now belongs to."""
        data = form.cleaned_data
        email: str = data["email"]
        account = services.open_account(
            email=email,
            password=data.get("password1"),
            display_name=data.get("display_name") or name_from(email),
            language=_language(),
        )
        # allauth keeps working with the object that it passed in.
        user.__dict__.update(account.user.__dict__)
        return user


def name_from(email: str) -> str:
    """Make a first display name from an address: `ana.silva@…` becomes `Ana Silva`."""
    local = email.partition("@")[0].partition("+")[0]
    words = local.replace(".", " ").replace("_", " ").replace("-", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words)[:80] or "Someone"


def _language() -> str:
    return "zh-hans" if (get_language() or "en").startswith("zh") else "en"
