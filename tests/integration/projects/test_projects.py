from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories as make
from tidegate.accounts.models import User
from tidegate.accounts.viewers import ANONYMOUS
from tidegate.audit.models import Entry
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.projects import services
from tidegate.projects.models import Collaborator, Project
from tidegate.projects.selectors import (
    can_generate,
    collaborators_of,
    generating_projects,
    standing,
    visible_projects,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("tie", "is_visible", "may_generate", "may_manage"),
    [
        ("owner", True, True, True),
        ("admin", True, True, True),
        ("member", True, True, False),
        ("viewer", True, False, False),
        ("editor by invitation", True, True, False),
        ("viewer by invitation", True, False, False),
        ("stranger", False, False, False),
        ("staff", False, False, False),
        ("key", True, True, True),
        ("key of another organisation", False, False, False),
    ],
)
def test_what_each_tie_allows(
    tie: str, *, is_visible: bool, may_generate: bool, may_manage: bool
) -> None:
    home = make.make_organisation()
    project = make.make_project(home)
    match tie:
        case "owner":
            viewer = make.viewer_of(make.owner_of(home))
        case "admin" | "member" | "viewer":
            viewer = make.viewer_of(make.make_member(home, tie))
        case "editor by invitation" | "viewer by invitation":
            viewer = make.viewer_of(make.make_collaborator(project, tie.split(maxsplit=1)[0]).user)
        case "stranger":
            viewer = make.viewer_of(make.make_user())
        case "staff":
            viewer = make.viewer_of(make.make_user(staff=["policy_admin"]))
        case "key":
            viewer = make.viewer_of(make.make_key(home)[0])
        case _:
            elsewhere = make.make_organisation(make.owner_of(home))
            viewer = make.viewer_of(make.make_key(elsewhere)[0])
    assert visible_projects(viewer).filter(pk=project.pk).exists() is is_visible
    assert generating_projects(viewer).filter(pk=project.pk).exists() is may_generate
    with CaptureQueriesContext(connection) as captured:
        assert can_generate(viewer, project) is may_generate
    assert len(captured) == 1
    if is_visible:
        assert standing(viewer, project.pk).may_manage is may_manage
    else:
        with pytest.raises(NotFound):
            standing(viewer, project.pk)


def test_nobody_works_anywhere() -> None:
    project = make.make_project()
    assert not visible_projects(ANONYMOUS).exists()
    assert not generating_projects(ANONYMOUS).exists()
    assert not can_generate(ANONYMOUS, project)


def test_who_made_a_project_manages_it_while_they_are_a_member() -> None:
    home = make.make_organisation()
    member = make.make_member(home)
    project = make.make_project(home, creator=member)
    assert standing(make.viewer_of(member), project.pk).may_manage
    services.set_audience(viewer=make.viewer_of(member), project_id=project.pk, audience="private")
    other = make.viewer_of(make.make_member(home))
    with pytest.raises(NotAllowed):
        services.set_audience(viewer=other, project_id=project.pk, audience="public")


def test_changing_the_audience_is_on_the_trail_and_changing_nothing_is_not() -> None:
    project = make.make_project(audience="public")
    viewer = make.viewer_of(project.created_by)
    services.set_audience(viewer=viewer, project_id=project.pk, audience="public")
    services.set_audience(viewer=viewer, project_id=project.pk, audience="private")
    entry = Entry.objects.get(action="project.audience_changed")
    assert (entry.before, entry.after) == ({"audience": "public"}, {"audience": "private"})
    with pytest.raises(InvalidInput):
        services.set_audience(viewer=viewer, project_id=project.pk, audience="secret")


def test_a_name_is_free_once_per_organisation() -> None:
    home = make.make_organisation()
    make.make_project(home, name="Same")
    with pytest.raises(Conflict) as caught:
        make.make_project(home, name="same ")
    assert caught.value.code == "project_name_taken"
    make.make_project(make.make_organisation(), name="Same")
    assert Project.objects.count() == 2


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_name_has_one_to_eighty_characters(name: str) -> None:
    home = make.make_organisation()
    viewer = make.viewer_of(make.owner_of(home))
    with pytest.raises(InvalidInput):
        services.create_project(viewer=viewer, organisation_id=home.pk, name=name)


def test_viewers_and_strangers_make_no_projects() -> None:
    home = make.make_organisation()
    with pytest.raises(NotAllowed):
        make.make_project(home, creator=make.make_member(home, "viewer"))
    with pytest.raises(NotFound):
        make.make_project(home, creator=make.make_user())


def test_collaborators_come_and_go() -> None:
    project = make.make_project(audience="private")
    manager = make.viewer_of(project.created_by)
    guest = make.make_collaborator(project).user
    with pytest.raises(Conflict):
        make.make_collaborator(project, user=guest)
    assert [row.user for row in collaborators_of(manager, project.pk)] == [guest]
    other = make.make_collaborator(project).user
    with pytest.raises(NotAllowed):
        services.remove_collaborator(
            viewer=make.viewer_of(other), project_id=project.pk, user_id=guest.pk
        )
    services.remove_collaborator(
        viewer=make.viewer_of(guest), project_id=project.pk, user_id=guest.pk
    )
    with pytest.raises(NotFound):
        services.remove_collaborator(viewer=manager, project_id=project.pk, user_id=guest.pk)
    assert Collaborator.objects.get().user == other
    assert Entry.objects.filter(action="collaborator.removed").count() == 1


@pytest.mark.parametrize(("email", "role"), [("nobody@example.test", "viewer"), (None, "owner")])
def test_an_invitation_needs_somebody_and_a_role(email: str | None, role: str) -> None:
    project = make.make_project()
    with pytest.raises((NotFound, InvalidInput)):
        services.add_collaborator(
            viewer=make.viewer_of(project.created_by),
            project_id=project.pk,
            email=email or make.make_user().email,
            role=role,
        )


def test_a_project_that_is_not_there_and_one_not_shown_look_the_same() -> None:
    stranger = make.viewer_of(make.make_user())
    messages = []
    for project_id in (make.make_project(audience="private").pk, uuid4()):
        with pytest.raises(NotFound) as caught:
            standing(stranger, project_id)
        messages.append((caught.value.code, str(caught.value)))
    assert messages[0] == messages[1]


def test_signing_up_on_the_page_opens_an_account() -> None:
    answer = Client().post(
        "/accounts/signup/",
        {
            "email": "Li.Lei@example.test",
            "password1": make.PASSWORD,
            "password2": make.PASSWORD,
            "display_name": "李雷",
        },
        headers={"accept-language": "zh-hans"},
    )
    assert answer.status_code == 302
    user = User.objects.get(email="li.lei@example.test")
    project = Project.objects.get(created_by=user)
    assert user.language == "zh-hans"
    assert user.display_name == "李雷"
    assert (project.name, project.audience) == ("我的第一个项目", "public")
    assert user.memberships.get().role == "owner"
    client = Client()
    signed_in = client.post(
        "/accounts/login/", {"login": "LI.LEI@example.test", "password": make.PASSWORD}
    )
    assert signed_in.status_code == 302
    assert "_auth_user_id" in client.session


def test_signing_up_twice_makes_one_account() -> None:
    for _ in range(2):
        Client().post(
            "/accounts/signup/",
            {"email": "a@example.test", "password1": make.PASSWORD, "password2": make.PASSWORD},
        )
    assert User.objects.count() == 1
    assert Project.objects.count() == 1
