"""The people of a demo installation: made once, found again on every start.

Their password is drawn per installation and kept, with the company's API key, in a file only
its owner reads. No two installations share a log-in.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from tidegate.accounts import services as accounts
from tidegate.accounts.errors import KeyRefused
from tidegate.accounts.models import ApiKey, Organisation, User
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.accounts.selectors import viewer_for_user
from tidegate.accounts.viewers import system
from tidegate.projects import services as projects
from tidegate.projects.models import Project

_DOMAIN = "demo.tidegate.test"
_COMPANY = "Harbour Lights"
_COMPANY_PROJECT = "Autumn campaign"
_KEY = "Demo integration"


@dataclass(frozen=True, slots=True)
class Part:
    """One person of the demo: the role they play and the staff roles they hold."""

    role: str
    display_name: str
    staff: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        """The log-in name; the domain is reserved and never resolves."""
        return f"{self.role.removesuffix('_reviewer')}@{_DOMAIN}"


CAST = (
    Part("creator", "Mira Creator"),
    Part("viewer", "Wen Viewer"),
    Part("reviewer", "Rui Reviewer", ("reviewer",)),
    Part("senior_reviewer", "Sol Senior", ("senior_reviewer", "policy_admin")),
    Part("auditor", "Ada Auditor", ("auditor",)),
)


@dataclass(frozen=True, slots=True)
class Demo:
    """What `ensure_demo` prints and keeps."""

    password: str
    api_key: str


@transaction.atomic
def ensure_demo(*, file: Path) -> Demo:
    """Make what is missing of the demo's people, company, projects and key.

    Raises:
        OSError, ValueError: the file cannot be read or written.
    """
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    password: str = kept.get("password") or secrets.token_urlsafe(12)
    people = {part.role: _person(part, password) for part in CAST}
    company = _company(people["creator"])
    api_key = _key(company, people["creator"], str(kept.get("api_key", "")))
    _keep(
        file,
        {
            "password": password,
            "people": [
                {"role": part.role, "email": part.email, "password": password} for part in CAST
            ],
            "organisation_id": str(company.pk),
            "api_key": api_key,
        },
    )
    return Demo(password=password, api_key=api_key)


def _person(part: Part, password: str) -> User:
    user = User.objects.filter(email=part.email).first()
    if user is None:
        user = projects.open_account(
            email=part.email, password=password, display_name=part.display_name
        ).user
    elif not user.check_password(password):
        # The file was lost with the password, or the database came from elsewhere.
        user.set_password(password)
        user.save(update_fields=["password"])
    for role in part.staff:
        accounts.appoint_staff(viewer=system("demo"), user_id=user.pk, role=role)
    return user


def _company(creator: User) -> Organisation:
    viewer = viewer_for_user(creator)
    company = Organisation.objects.filter(
        name=_COMPANY, kind=Organisation.Kind.COMPANY, memberships__user=creator
    ).first() or accounts.create_organisation(viewer=viewer, name=_COMPANY)
    if not Project.objects.filter(organisation=company, name=_COMPANY_PROJECT).exists():
        projects.create_project(
            viewer=viewer,
            organisation_id=company.pk,
            name=_COMPANY_PROJECT,
            audience=Project.Audience.PRIVATE,
        )
    return company


def _key(company: Organisation, creator: User, text: str) -> str:
    try:
        accounts.authenticate_key(text)
    except KeyRefused:
        viewer = viewer_for_user(creator)
        for lost in ApiKey.objects.filter(organisation=company, name=_KEY, revoked_at=None):
            accounts.revoke_key(viewer=viewer, key_id=lost.pk, reason="its text was lost")
        _, text = accounts.issue_key(
            viewer=viewer, organisation_id=company.pk, name=_KEY, scopes=SCOPES - STAFF_SCOPES
        )
    return text


def _keep(file: Path, content: dict[str, Any]) -> None:
    """Replace the file in one step; nobody but its owner can read it at any moment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as writer:
        json.dump(content, writer, indent=2)
    fresh.replace(file)
