"""What was seen a moment ago: cursors, tags and pages that outlive a right."""

import pytest
from django.test import Client

from recommendations.app.models import Item, ItemVector
from recommendations.core.vectors import DIMENSIONS
from tests import factories as make
from tidegate.accounts.models import User
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.assets.models import Asset
from tidegate.assets.services import move_asset, withdraw_asset
from tidegate.primitives.actor import Actor
from tidegate.projects.models import Project
from tidegate.projects.services import set_audience

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def listed(project: Project, count: int) -> list[Asset]:
    """Make released assets that the feed finds, each far from the others."""
    assets = [make.make_asset(project, prompt=f"scene {number}") for number in range(count)]
    for number, asset in enumerate(assets):
        item = Item.objects.create(
            asset=asset,
            owner_id=asset.owner_id,
            project_id=asset.project_id,
            modality=asset.modality,
            family=f"family{asset.pk}"[-16:],
            is_listed=True,
            released_at=asset.released_at,
        )
        ItemVector.objects.create(
            item=item, embedding=[float(place == number) for place in range(DIMENSIONS)]
        )
    return assets


def ids(answer: dict[str, list[dict[str, dict[str, str]]]]) -> set[str]:
    return {item["asset"]["id"] for item in answer["items"]}


def test_a_feed_cursor_shows_nothing_that_was_taken_back_since() -> None:
    assets = listed(make.make_project(), 6)
    client = browser(make.make_account().user)
    first = client.get("/api/v1/feed?limit=2").json()
    waiting = [asset for asset in assets if str(asset.pk) not in ids(first)]
    gone, blocked, kept = waiting[0], waiting[1], waiting[2:]
    withdraw_asset(viewer=make.viewer_of(gone.owner), asset_id=gone.pk)
    for state in ("held", "blocked"):
        move_asset(asset_id=blocked.pk, to=state, actor=Actor.system("tests"), reason="reported")
    rest = client.get("/api/v1/feed", {"limit": 10, "cursor": first["next"]}).json()
    assert ids(rest) == {str(asset.pk) for asset in kept}
    page = client.get("/feed", {"cursor": first["next"]}).content.decode()
    assert str(gone.pk) not in page
    assert str(blocked.pk) not in page


def test_a_feed_cursor_serves_nobody_else_not_even_the_makers_own_key() -> None:
    listed(make.make_project(), 4)
    account = make.make_account()
    cursor = browser(account.user).get("/api/v1/feed?limit=2").json()["next"]
    _, text = make.make_key(account.organisation, scopes=SCOPES - STAFF_SCOPES)
    for other in (
        browser(make.make_account().user),
        browser(make.make_user(staff=["reviewer"])),
        Client(headers={"Authorization": f"Bearer {text}"}),
    ):
        answer = other.get("/api/v1/feed", {"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_a_list_cursor_of_another_viewer_shows_only_ones_own() -> None:
    private = make.make_project(audience="private")
    secret = [make.make_asset(private, owner=private.created_by) for _ in range(3)]
    owner = browser(private.created_by)
    cursor = owner.get("/api/v1/assets?limit=1").json()["next"]
    stranger = browser(make.make_account().user).get("/api/v1/assets", {"cursor": cursor})
    assert stranger.status_code == 200
    assert stranger.json()["items"] == []
    assert len(owner.get("/api/v1/assets", {"cursor": cursor}).json()["items"]) == len(secret) - 1


def test_every_path_forgets_a_takedown_at_the_next_request() -> None:
    (asset,) = listed(make.make_project(), 1)
    file = asset.renditions.get()
    client = browser(make.make_account().user)
    tag = {"If-None-Match": f'"{file.blob_id}"'}
    # Path, and what it answers while the asset is released.
    paths = {
        f"/api/v1/assets/{asset.pk}": 200,
        f"/api/v1/assets/{asset.pk}/similar": 200,
        f"/media/{file.pk}": 304,
        f"/assets/{asset.pk}": 200,
    }
    assert {path: client.get(path, headers=tag).status_code for path in paths} == paths
    withdraw_asset(viewer=make.viewer_of(asset.owner), asset_id=asset.pk)
    _assert_is_gone(client, asset, list(paths), tag)
    move_asset(asset_id=asset.pk, to="blocked", actor=Actor.system("tests"), reason="ruling")
    _assert_is_gone(client, asset, list(paths), tag)


def _assert_is_gone(client: Client, asset: Asset, paths: list[str], tag: dict[str, str]) -> None:
    assert {client.get(path, headers=tag).status_code for path in paths} == {404}
    for reader, path in ((client, "/api/v1/feed"), (client, "/feed"), (Client(), "/")):
        assert str(asset.pk) not in reader.get(path).content.decode(), path


def test_closing_a_project_hides_its_work_on_every_path() -> None:
    project = make.make_project()
    (asset,) = listed(project, 1)
    client = browser(make.make_account().user)
    assert client.get(f"/api/v1/assets/{asset.pk}").status_code == 200
    set_audience(
        viewer=make.viewer_of(project.created_by), project_id=project.pk, audience="private"
    )
    for path in (f"/api/v1/assets/{asset.pk}", f"/media/{asset.renditions.get().pk}"):
        assert client.get(path).status_code == 404
    assert client.get("/api/v1/feed").json()["items"] == []


def test_no_answer_with_content_may_be_kept_by_a_cache() -> None:
    asset = make.make_asset()
    client = browser(make.make_account().user)
    for path in (
        f"/api/v1/assets/{asset.pk}",
        "/api/v1/feed",
        f"/media/{asset.renditions.get().pk}",
    ):
        assert "no-store" in client.get(path).headers["Cache-Control"], path
