"""What tests begin with: people, organisations, projects, keys, assets.

Everything is made through the services, so it is as real as what the product makes: audited,
announced, in a legal state. Use them inside a database test.
"""

from collections.abc import Collection
from datetime import datetime
from itertools import count
from uuid import UUID

from tidegate.accounts import services as accounts
from tidegate.accounts.models import ApiKey, Membership, Organisation, User
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.accounts.selectors import viewer_for_key, viewer_for_user
from tidegate.accounts.viewers import Viewer, system
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import Media, create_asset, move_asset
from tidegate.contracts.assets import AssetModality
from tidegate.primitives.actor import Actor
from tidegate.primitives.ids import new_id
from tidegate.projects import services as projects
from tidegate.projects.models import Collaborator, Project

PASSWORD = "correct horse battery staple"
SYSTEM = system("tests")

_numbers = count(1)
_TURNS = count(2)
_PATHS = {
    Visibility.PENDING: (),
    Visibility.RELEASED: (Visibility.RELEASED,),
    Visibility.HELD: (Visibility.HELD,),
    Visibility.BLOCKED: (Visibility.BLOCKED,),
    Visibility.WITHDRAWN: (Visibility.RELEASED, Visibility.WITHDRAWN),
}


def make_user(
    email: str | None = None, *, display_name: str = "Ada", staff: Collection[str] = ()
) -> User:
    """Make a person, with staff roles if named, without an organisation."""
    user = accounts.create_user(
        email=email or f"person{next(_numbers)}@example.test",
        password=PASSWORD,
        display_name=display_name,
    )
    for role in staff:
        accounts.appoint_staff(viewer=SYSTEM, user_id=user.pk, role=role)
    return user


def make_account(email: str | None = None, *, display_name: str = "Ada") -> projects.Account:
    """Sign a person up: user, personal organisation, public project."""
    return projects.open_account(
        email=email or f"person{next(_numbers)}@example.test",
        password=PASSWORD,
        display_name=display_name,
    )


def make_organisation(owner: User | None = None, *, name: str | None = None) -> Organisation:
    """Found a company."""
    viewer = viewer_for_user(owner or make_user())
    return accounts.create_organisation(viewer=viewer, name=name or f"Company {next(_numbers)}")


def make_member(organisation: Organisation, role: str = "member", user: User | None = None) -> User:
    """Let a person into an organisation."""
    person = user or make_user()
    accounts.add_member(
        viewer=SYSTEM, organisation_id=organisation.pk, email=person.email, role=role
    )
    return person


def owner_of(organisation: Organisation) -> User:
    """Return an organisation's first owner."""
    return User.objects.filter(
        memberships__organisation=organisation, memberships__role=Membership.Role.OWNER
    ).earliest("created_at")


def make_project(
    organisation: Organisation | None = None,
    *,
    audience: str = "public",
    creator: User | None = None,
    name: str | None = None,
) -> Project:
    """Make a project; its creator is the organisation's owner unless named."""
    home = organisation or make_organisation()
    return projects.create_project(
        viewer=viewer_for_user(creator or owner_of(home)),
        organisation_id=home.pk,
        name=name or f"Project {next(_numbers)}",
        audience=audience,
    )


def make_collaborator(
    project: Project, role: str = "viewer", user: User | None = None
) -> Collaborator:
    """Invite a person into a project."""
    person = user or make_user()
    return projects.add_collaborator(
        viewer=viewer_for_user(owner_of(project.organisation)),
        project_id=project.pk,
        email=person.email,
        role=role,
    )


def make_key(
    organisation: Organisation,
    *,
    creator: User | None = None,
    scopes: Collection[str] = tuple(SCOPES - STAFF_SCOPES),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Issue an API key; returns the row and its text."""
    return accounts.issue_key(
        viewer=viewer_for_user(creator or owner_of(organisation)),
        organisation_id=organisation.pk,
        name=f"Key {next(_numbers)}",
        scopes=scopes,
        expires_at=expires_at,
    )


def viewer_of(who: User | ApiKey) -> Viewer:
    """Return the viewer a person or a key is."""
    return viewer_for_key(who) if isinstance(who, ApiKey) else viewer_for_user(who)


def make_asset(
    project: Project | None = None,
    *,
    owner: User | None = None,
    visibility: str = "released",
    modality: AssetModality = "text",
    prompt: str = "a lighthouse at dawn",
    text: str = "",
    title: str = "",
    media: Collection[Media] = (),
    job_id: UUID | None = None,
    parent: Asset | None = None,
    seed: int = 1,
) -> Asset:
    """Make an asset and walk it to a visibility. Without `media`, its original is its text.

    Without a text, one that no other asset has: what is the same is held with what is blocked.
    """
    text = text or f"The lamp turned {next(_TURNS)} times."
    place = project or make_project()
    asset = create_asset(
        organisation_id=place.organisation_id,
        project_id=place.pk,
        owner_id=(owner or place.created_by).pk,
        job_id=job_id or new_id(),
        output_index=0,
        modality=modality,
        title=title or prompt[:80],
        prompt=prompt,
        text=text if modality == "text" else "",
        media=list(media) or [Media("original", text.encode(), "text/plain")],
        parent_id=parent.pk if parent else None,
        seed=seed,
        model_name="tests-model",
        model_version="1",
        parameters={},
        actor=Actor.system("tests"),
        correlation_id=new_id(),
    )
    for step in _PATHS[Visibility(visibility)]:
        asset = move_asset(
            asset_id=asset.pk, to=step, actor=Actor.system("tests"), reason="made for a test"
        )
    return asset
