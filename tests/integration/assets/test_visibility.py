"""Who sees what: every kind of viewer, every visibility, both audiences."""

from dataclasses import dataclass
from itertools import product

import pytest

from tests import factories as make
from tidegate.accounts import services as accounts
from tidegate.accounts.models import User
from tidegate.accounts.selectors import viewer_for_user
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.selectors import asset_for, history_for, visible_rendition, visible_to
from tidegate.primitives.errors import NotFound
from tidegate.projects.models import Project

pytestmark = pytest.mark.django_db

ALL = set(Visibility)
RELEASED = {Visibility.RELEASED}
NOTHING: set[Visibility] = set()

# Who: (what they see in a public project, what they see in a private one).
TABLE = {
    "anonymous": (RELEASED, NOTHING),
    "stranger": (RELEASED, NOTHING),
    "owner of the asset": (ALL, ALL),
    "collaborator who may look": (RELEASED, RELEASED),
    "collaborator who may edit": (RELEASED, RELEASED),
    "owner of the organisation": (RELEASED, RELEASED),
    "admin of the organisation": (RELEASED, RELEASED),
    "member of the organisation": (RELEASED, RELEASED),
    "viewer of the organisation": (RELEASED, RELEASED),
    "member who left": (RELEASED, NOTHING),
    "owner of another organisation": (RELEASED, NOTHING),
    "key of the organisation": (RELEASED, RELEASED),
    "key that the asset's owner made here": (ALL, ALL),
    "key that the asset's owner made elsewhere": (RELEASED, NOTHING),
    "key of another organisation": (RELEASED, NOTHING),
    "ordinary key of a reviewer": (RELEASED, NOTHING),
    "staff key of a reviewer, elsewhere": (RELEASED, NOTHING),
    "reviewer": (ALL, ALL),
    "senior reviewer": (ALL, ALL),
    "policy admin": (ALL, ALL),
    "auditor": (ALL, ALL),
    "dismissed reviewer": (RELEASED, NOTHING),
    "deactivated member": (RELEASED, NOTHING),
    "deactivated owner of the asset": (RELEASED, NOTHING),
    "deactivated reviewer": (RELEASED, NOTHING),
}


@dataclass(frozen=True)
class World:
    viewers: dict[str, Viewer]
    assets: dict[tuple[str, Visibility], Asset]
    orphans: dict[tuple[str, Visibility], Asset]


def build() -> World:
    home, elsewhere = make.make_organisation(), make.make_organisation()
    author = make.make_member(home)
    gone_author = make.make_member(home)
    projects: dict[str, Project] = {
        audience: make.make_project(home, audience=audience) for audience in ("public", "private")
    }
    looker, editor = make.make_user(), make.make_user()
    for project in projects.values():
        make.make_collaborator(project, "viewer", looker)
        make.make_collaborator(project, "editor", editor)
    left, closed = make.make_member(home), make.make_member(home)
    accounts.remove_member(viewer=make.SYSTEM, organisation_id=home.pk, user_id=left.pk)
    make.make_member(elsewhere, "admin", author)
    reviewer = make.make_user(staff=["reviewer"])
    make.make_member(elsewhere, "admin", reviewer)
    dismissed = make.make_user(staff=["reviewer"])
    accounts.dismiss_staff(
        viewer=make.SYSTEM, user_id=dismissed.pk, role="reviewer", reason="moved on"
    )
    closed_reviewer = make.make_user(staff=["reviewer"])
    assets = {
        (audience, visibility): make.make_asset(
            projects[audience], owner=author, visibility=visibility
        )
        for audience, visibility in product(projects, Visibility)
    }
    orphans = {
        (audience, visibility): make.make_asset(
            projects[audience], owner=gone_author, visibility=visibility
        )
        for audience, visibility in product(projects, Visibility)
    }
    for person in (closed, gone_author, closed_reviewer):
        accounts.deactivate_user(viewer=make.SYSTEM, user_id=person.pk, reason="closed")

    def of(person: User) -> Viewer:
        return viewer_for_user(User.objects.get(pk=person.pk))

    make.make_member(home, "admin", admin := make.make_user())
    accounts.change_role(
        viewer=make.SYSTEM, organisation_id=home.pk, user_id=author.pk, role="admin"
    )
    return World(
        viewers={
            "anonymous": ANONYMOUS,
            "stranger": of(make.make_user()),
            "owner of the asset": of(author),
            "collaborator who may look": of(looker),
            "collaborator who may edit": of(editor),
            "owner of the organisation": of(make.owner_of(home)),
            "admin of the organisation": of(admin),
            "member of the organisation": of(make.make_member(home, "member")),
            "viewer of the organisation": of(make.make_member(home, "viewer")),
            "member who left": of(left),
            "owner of another organisation": of(make.owner_of(elsewhere)),
            "key of the organisation": make.viewer_of(make.make_key(home)[0]),
            "key that the asset's owner made here": make.viewer_of(
                make.make_key(home, creator=author)[0]
            ),
            "key that the asset's owner made elsewhere": make.viewer_of(
                make.make_key(elsewhere, creator=author)[0]
            ),
            "key of another organisation": make.viewer_of(make.make_key(elsewhere)[0]),
            "ordinary key of a reviewer": make.viewer_of(
                make.make_key(elsewhere, creator=reviewer)[0]
            ),
            "staff key of a reviewer, elsewhere": make.viewer_of(
                make.make_key(elsewhere, creator=reviewer, scopes=["cases:read"])[0]
            ),
            "reviewer": of(reviewer),
            "senior reviewer": of(make.make_user(staff=["senior_reviewer"])),
            "policy admin": of(make.make_user(staff=["policy_admin"])),
            "auditor": of(make.make_user(staff=["auditor"])),
            "dismissed reviewer": of(dismissed),
            "deactivated member": of(closed),
            "deactivated owner of the asset": of(gone_author),
            "deactivated reviewer": of(closed_reviewer),
        },
        assets=assets,
        orphans=orphans,
    )


def test_every_viewer_sees_exactly_what_the_table_says() -> None:
    world = build()
    assert set(world.viewers) == set(TABLE)
    wrong: list[str] = []
    for name, viewer in world.viewers.items():
        assets = world.orphans if "owner of the asset" in name and "deact" in name else world.assets
        seen = set(visible_to(viewer).values_list("pk", flat=True))
        for (audience, visibility), asset in assets.items():
            expected = visibility in TABLE[name][audience == "private"]
            rendition = asset.renditions.get()
            answers = {
                "visible_to": asset.pk in seen,
                "asset_for": _finds(lambda a=asset, v=viewer: asset_for(v, a.pk)),
                "rendition": _finds(lambda r=rendition, v=viewer: visible_rendition(v, r.pk)),
                "history": _finds(lambda a=asset, v=viewer: history_for(v, a.pk)),
            }
            wrong += [
                f"{name}, {audience}, {visibility}: {path} says {answer}"
                for path, answer in answers.items()
                if answer is not expected
            ]
    assert wrong == []


def test_no_asset_is_listed_twice_for_one_with_many_ties_to_it() -> None:
    home = make.make_organisation()
    project = make.make_project(home, audience="public")
    person = make.make_member(home)
    make.make_collaborator(project, "viewer", person)
    asset = make.make_asset(project, owner=person)
    found = list(visible_to(make.viewer_of(person)).filter(pk=asset.pk))
    assert found == [asset]


def test_closing_a_project_takes_its_assets_from_strangers_at_once() -> None:
    from tidegate.projects.services import set_audience

    project = make.make_project(audience="public")
    asset = make.make_asset(project)
    assert visible_to(ANONYMOUS).filter(pk=asset.pk).exists()
    set_audience(
        viewer=make.viewer_of(project.created_by), project_id=project.pk, audience="private"
    )
    assert not visible_to(ANONYMOUS).filter(pk=asset.pk).exists()


def test_the_platform_itself_is_no_reader() -> None:
    asset = make.make_asset(visibility="held")
    assert not visible_to(make.SYSTEM).filter(pk=asset.pk).exists()


def test_only_the_owner_and_staff_read_the_history() -> None:
    asset = make.make_asset()
    owner = make.viewer_of(asset.owner)
    auditor = make.viewer_of(make.make_user(staff=["auditor"]))
    assert [move.after for move in history_for(owner, asset.pk)] == ["pending", "released"]
    assert len(history_for(auditor, asset.pk)) == 2
    assert history_for(make.viewer_of(make.make_user()), asset.pk) == []


def _finds(read: object) -> bool:
    try:
        read()  # type: ignore[operator]  # a thunk of whatever the path returns
    except NotFound:
        return False
    return True
