"""Media bytes over HTTP: the gate on every request, ranges, validators, both server kinds."""

import io
import wave
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from tests import factories as make
from tidegate.accounts import services as accounts
from tidegate.accounts.models import User
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import Media, move_asset, withdraw_asset
from tidegate.assets.storage import name_of
from tidegate.primitives.actor import Actor
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

BYTES = bytes(range(256)) * 40


def picture(**options: Any) -> Asset:
    return make.make_asset(
        modality="image",
        media=[Media("original", BYTES, "image/png", width=8, height=8)],
        **options,
    )


def address(asset: Asset) -> str:
    return f"/media/{asset.renditions.get().pk}"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_released_picture_comes_whole_and_well_described() -> None:
    asset = picture()
    where = address(asset)
    with CaptureQueriesContext(connection) as captured:
        answer = Client().get(where)
    assert len(captured) == 1
    assert answer.status_code == 200
    assert body(answer) == BYTES
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Length"] == str(len(BYTES))
    assert answer["ETag"] == f'"{asset.renditions.get().blob_id}"'
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Accept-Ranges"] == "bytes"


def test_text_says_its_encoding() -> None:
    answer = Client().get(address(make.make_asset(text="灯塔")))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert body(answer).decode() == "灯塔"


@pytest.mark.parametrize("visibility", [v for v in Visibility if v != Visibility.RELEASED])
def test_what_is_not_released_does_not_exist_for_others(visibility: Visibility) -> None:
    asset = picture(visibility=visibility)
    for client in (Client(), signed_in(make.make_user())):
        for headers in ({}, {"Range": "bytes=0-1"}, {"If-None-Match": "*"}):
            answer = client.get(address(asset), headers=headers)
            assert answer.status_code == 404
            assert answer["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] == "media_not_found"
    unknown = Client().get(f"/media/{new_id()}").json()
    hidden = Client().get(address(asset)).json()
    assert {**unknown, "instance": "", "request_id": ""} == {
        **hidden,
        "instance": "",
        "request_id": "",
    }
    assert signed_in(asset.owner).get(address(asset)).status_code == 200
    assert signed_in(make.make_user(staff=["auditor"])).get(address(asset)).status_code == 200


def test_a_takedown_is_effective_at_the_next_request_even_for_who_has_the_tag() -> None:
    asset, client = picture(), Client()
    tag = client.get(address(asset))["ETag"]
    assert client.get(address(asset), headers={"If-None-Match": tag}).status_code == 304
    withdraw_asset(viewer=make.viewer_of(asset.owner), asset_id=asset.pk)
    assert client.get(address(asset), headers={"If-None-Match": tag}).status_code == 404


def test_a_hold_closes_a_picture_to_the_organisation_but_not_to_its_owner() -> None:
    asset = picture(project=make.make_project(audience="private"))
    colleague = signed_in(make.make_member(asset.organisation))
    assert colleague.get(address(asset)).status_code == 200
    move_asset(asset_id=asset.pk, to="held", actor=Actor.system("gate"), reason="reported")
    assert colleague.get(address(asset)).status_code == 404
    assert signed_in(asset.owner).get(address(asset)).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-0", 206, BYTES[:1]),
        ("bytes=100-299", 206, BYTES[100:300]),
        ("bytes=10000-", 206, BYTES[10000:]),
        ("bytes=-5", 206, BYTES[-5:]),
        ("bytes=0-1,4-5", 200, BYTES),
        ("lines=1-2", 200, BYTES),
    ],
)
def test_parts_of_a_picture(wanted: str, status: int, part: bytes) -> None:
    answer = Client().get(address(picture()), headers={"Range": wanted})
    assert answer.status_code == status
    assert body(answer) == part
    assert answer["Content-Length"] == str(len(part))


def test_a_part_behind_the_end_is_refused_with_the_size() -> None:
    answer = Client().get(address(picture()), headers={"Range": "bytes=99999-"})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(BYTES)}"


def test_a_part_of_another_version_is_served_whole() -> None:
    headers = {"Range": "bytes=0-1", "If-Range": '"other"'}
    assert Client().get(address(picture()), headers=headers).status_code == 200


def test_a_head_describes_without_bytes_and_writing_is_not_offered() -> None:
    where = address(picture())
    answer = Client().head(where)
    assert (answer.status_code, body(answer)) == (200, b"")
    assert answer["Content-Length"] == str(len(BYTES))
    assert Client().post(where).status_code == 405


def test_a_key_opens_what_it_may_see() -> None:
    project = make.make_project(audience="private")
    asset = picture(project=project)
    _, text = make.make_key(project.organisation)
    _, other = make.make_key(make.make_organisation())
    _, narrow = make.make_key(project.organisation, scopes=["jobs:read"])

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return Client().get(address(asset), headers=headers).status_code

    assert status(text) == 200
    assert status(other) == 404
    assert status(narrow) == 404
    assert status("tg_abcdefgh_" + "x" * 32) == 401
    key = accounts.authenticate_key(text)
    accounts.revoke_key(viewer=make.viewer_of(key.created_by), key_id=key.pk)
    assert status(text) == 401


def test_a_closed_account_sees_no_more_than_anyone() -> None:
    asset = picture(visibility="held")
    client = signed_in(asset.owner)
    assert client.get(address(asset)).status_code == 200
    accounts.deactivate_user(viewer=make.SYSTEM, user_id=asset.owner_id, reason="closed")
    assert client.get(address(asset)).status_code == 404


def test_missing_bytes_are_an_outage_and_not_a_crash(caplog: pytest.LogCaptureFixture) -> None:
    from django.core.files.storage import storages

    asset = picture()
    storages["media"].delete(name_of(asset.renditions.get().blob_id))
    answer = Client().get(address(asset))
    assert (answer.status_code, answer.json()["code"]) == (503, "media_unreadable")
    assert "blob is missing" in caplog.text


LARGE = b"0123456789abcdef" * 65_536


def test_a_large_file_streams_from_a_synchronous_server() -> None:
    asset = make.make_asset(modality="speech", media=[Media("original", LARGE, "audio/wav")])
    answer = Client().get(address(asset))
    assert answer.streaming
    assert body(answer) == LARGE


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_a_large_file_streams_from_an_asynchronous_server() -> None:
    asset = await sync_to_async(make.make_asset)(
        modality="speech", media=[Media("original", LARGE, "audio/wav")]
    )
    where = await sync_to_async(address)(asset)
    answer = await AsyncClient().get(where, headers={"Range": "bytes=1000-900000"})
    assert answer.status_code == 206
    pieces = [piece async for piece in answer.streaming_content]  # type: ignore[attr-defined]  # the stream
    assert b"".join(pieces) == LARGE[1000:900001]
    await sync_to_async(connections.close_all)()


def test_the_outline_of_a_recording_is_for_who_may_hear_it() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setparams((1, 2, 8000, 0, "NONE", ""))
        recording.writeframes(b"\x00\x10\x00\x40")
    media = [Media("original", file.getvalue(), "audio/wav", duration_ms=1)]
    asset = make.make_asset(modality="speech", media=media)
    where = f"{address(asset)}/peaks"
    answer = Client().get(where)
    assert answer.json() == {"peaks": [25, 100]}
    assert answer["Cache-Control"] == "private, no-store"
    withdraw_asset(viewer=make.viewer_of(asset.owner), asset_id=asset.pk)
    assert Client().get(where).status_code == 404
    assert signed_in(asset.owner).get(where).json() == {"peaks": [25, 100]}


def test_a_picture_has_no_outline() -> None:
    assert Client().get(f"{address(picture())}/peaks").json() == {"peaks": []}
