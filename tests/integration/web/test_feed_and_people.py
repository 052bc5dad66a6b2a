"""What one does with what one sees, and who works where."""

from datetime import timedelta

import pytest

from recommendations.app.models import Interaction
from tests import factories
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import text_of
from tidegate.accounts.models import ApiKey, Membership
from tidegate.primitives.clock import now
from tidegate.projects.models import Collaborator, Project

pytestmark = pytest.mark.django_db


def test_liking_turns_the_button_and_hiding_answers_with_nothing(sign_in: SignIn) -> None:
    asset = factories.make_asset()
    client = sign_in(factories.make_user())
    liked = text_of(client.post(f"/assets/{asset.pk}/interactions", {"kind": "like"}))
    assert 'aria-pressed="true"' in liked
    assert '"kind": "unlike"' in liked
    hidden = client.post(f"/assets/{asset.pk}/interactions", {"kind": "hide"})
    assert (hidden.status_code, hidden.content) == (200, b"")
    assert "tidegate:toast" in hidden.headers["HX-Trigger"]
    assert set(Interaction.objects.values_list("kind", flat=True)) == {"like", "hide"}


@pytest.mark.parametrize("kind", ["like", "hide", "report"])
def test_nothing_can_be_done_with_what_cannot_be_seen(kind: str, sign_in: SignIn) -> None:
    asset = factories.make_asset(visibility="held")
    client = sign_in(factories.make_user())
    response = client.post(f"/assets/{asset.pk}/interactions", {"kind": kind, "note": "x"})
    assert response.status_code == 404
    assert not Interaction.objects.exists()


def test_the_feed_says_how_much_is_new_and_counts_what_may_be_seen_only(sign_in: SignIn) -> None:
    me = factories.make_account()
    since = (now() - timedelta(minutes=1)).isoformat()
    factories.make_asset()
    factories.make_asset(visibility="held")
    factories.make_asset(factories.make_project(audience="private"))
    factories.make_asset(me.project, owner=me.user)
    client = sign_in(me.user)
    assert "1 new piece" in text_of(client.get("/feed/news", {"since": since}))
    assert client.get("/feed/news", {"since": now().isoformat()}).content == b""


def test_an_author_withdraws_and_restores(sign_in: SignIn) -> None:
    account = factories.make_account()
    asset = factories.make_asset(account.project, owner=account.user)
    client = sign_in(account.user)
    client.post(f"/assets/{asset.pk}/withdraw")
    asset.refresh_from_db()
    assert asset.visibility == "withdrawn"
    client.post(f"/assets/{asset.pk}/restore")
    asset.refresh_from_db()
    assert asset.visibility == "released"


def test_a_key_is_shown_once_and_revoked_for_good(sign_in: SignIn) -> None:
    owner = factories.make_user()
    company = factories.make_organisation(owner)
    client = sign_in(owner)
    issued = client.post(
        f"/organisation/{company.pk}/keys", {"name": "Till", "scopes": ["assets:read"]}
    )
    key = ApiKey.objects.get()
    secret = f"tg_{key.prefix}_"
    assert text_of(issued).count("data-secret") == 1
    assert "data-secret" not in text_of(client.get(f"/organisation/{company.pk}"))
    assert secret in text_of(issued)
    client.post(f"/organisation/keys/{key.pk}/revoke")
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_a_key_that_cannot_be_is_refused_on_the_page(sign_in: SignIn) -> None:
    owner = factories.make_user()
    company = factories.make_organisation(owner)
    response = sign_in(owner).post(
        f"/organisation/{company.pk}/keys",
        {"name": "Till", "scopes": ["assets:read"], "expires_on": "soon"},
    )
    assert response.status_code == 422
    assert not ApiKey.objects.exists()


def test_members_change_roles_and_leave_as_the_rules_allow(sign_in: SignIn) -> None:
    owner, member = factories.make_user(), factories.make_user()
    company = factories.make_organisation(owner)
    client = sign_in(owner)
    home = f"/organisation/{company.pk}"
    client.post(f"{home}/members", {"email": member.email, "role": "member"})
    client.post(f"{home}/members/{member.pk}/role", {"role": "admin"})
    assert Membership.objects.get(user=member, organisation=company).role == "admin"
    client.post(f"{home}/members/{member.pk}/remove")
    assert not Membership.objects.filter(user=member, organisation=company).exists()
    refused = client.post(f"{home}/members/{owner.pk}/remove", follow=True)
    assert refused.status_code == 200
    assert Membership.objects.filter(user=owner, organisation=company).exists()


def test_projects_open_close_and_take_guests(sign_in: SignIn) -> None:
    owner, guest = factories.make_user(), factories.make_user()
    company = factories.make_organisation(owner)
    project = factories.make_project(company, audience="private")
    client = sign_in(owner)
    client.post(f"/projects/{project.pk}/audience", {"audience": "public"})
    assert Project.objects.get(pk=project.pk).audience == "public"
    client.post(f"/projects/{project.pk}/collaborators", {"email": guest.email, "role": "editor"})
    assert Collaborator.objects.get(project=project).user_id == guest.pk
    assert guest.email in text_of(client.get(f"/organisation/{company.pk}"))
    client.post(f"/projects/{project.pk}/collaborators/{guest.pk}/remove")
    assert not Collaborator.objects.filter(project=project).exists()


def test_a_stranger_changes_nothing_about_a_project(sign_in: SignIn) -> None:
    project = factories.make_project(audience="private")
    client = sign_in(factories.make_user())
    response = client.post(f"/projects/{project.pk}/audience", {"audience": "public"})
    assert response.status_code == 404
    assert Project.objects.get(pk=project.pk).audience == "private"


def test_the_library_counts_by_state(sign_in: SignIn) -> None:
    account = factories.make_account()
    for state in ("released", "released", "held"):
        factories.make_asset(account.project, owner=account.user, visibility=state)
    client = sign_in(account.user)
    held = client.get("/library", {"state": "held"})
    assert dict(held.context["states"]) == {
        "pending": 0, "released": 2, "held": 1, "blocked": 0, "withdrawn": 0,
    }  # fmt: skip
    assert len(held.context["assets"]) == 1
