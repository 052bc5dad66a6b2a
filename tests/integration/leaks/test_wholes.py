"""Parts of wholes on every path: what is released is nobody else's while another part is not."""

from collections.abc import Callable

import pytest

from tests import factories as make
from tests.integration.leaks import rights
from tests.integration.leaks.rights import ALL, NONE, RIGHTS, Rights
from tests.integration.leaks.test_matrix import looks_around, looks_at
from tests.integration.leaks.world import World
from tidegate.assets.models import Asset
from tidegate.assets.services import move_asset
from tidegate.primitives.actor import Actor
from tidegate.primitives.ids import new_id

# One of each kind of right, of those who found something; the matrix has them all.
OTHERS = ("nobody", "member of the organisation", "key of a member")


def not_yet(world: World) -> None:
    """The whole of a released part is not there."""
    for thing in world.things:
        if thing.state == "released":
            Asset.objects.filter(pk=thing.asset.pk).update(whole_id=new_id())


def not_all(world: World) -> None:
    """The whole is there and released, and another of its parts is held."""
    for thing in world.things:
        if thing.state == "released":
            whole = make.make_asset(
                thing.asset.project, owner=world.author, modality="composition", title="whole"
            )
            other = make.make_asset(thing.asset.project, owner=world.author, title="other part")
            Asset.objects.filter(pk__in=[thing.asset.pk, other.pk]).update(whole_id=whole.pk)
            move_asset(asset_id=other.pk, to="held", actor=Actor.system("tests"), reason="reports")


def not_itself(world: World) -> None:
    """Every released thing is a whole itself, and its only part was withdrawn."""
    for thing in world.things:
        if thing.state == "released":
            part = make.make_asset(
                thing.asset.project, owner=world.author, visibility="withdrawn", title="part"
            )
            Asset.objects.filter(pk=part.pk).update(whole_id=thing.asset.pk)
            Asset.objects.filter(pk=thing.asset.pk).update(modality="composition")


@pytest.mark.parametrize("spoil", [not_yet, not_all, not_itself])
def test_others_find_nothing_of_an_incomplete_whole(
    world: World, spoil: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(world)
    nothing = Rights(NONE, NONE)
    monkeypatch.setattr("tests.integration.leaks.world.STRANGER", nothing)
    for name in OTHERS:
        monkeypatch.setitem(RIGHTS, name, nothing)
    readers = [world.readers[name] for name in OTHERS]
    spoilt = [thing for thing in world.things if thing.state == "released"]
    wrong = [
        f"{reader.name}: {found}"
        for reader in readers
        for thing in spoilt
        for found in looks_at(reader, thing)
    ]
    wrong += [
        f"{reader.name}: {found}" for reader in readers for found in looks_around(world, reader)
    ]
    assert wrong == []


def test_its_owner_finds_every_part_of_it(world: World) -> None:
    not_yet(world)
    assert rights.RIGHTS["author"].public == ALL
    author = world.readers["author"]
    spoilt = [thing for thing in world.things if thing.state == "released"]
    wrong = [found for thing in spoilt for found in looks_at(author, thing)]
    assert wrong == []


def test_a_whole_is_listed_alone_and_its_parts_by_name(world: World) -> None:
    for thing in world.things:
        if thing.state == "released":
            part = make.make_asset(thing.asset.project, owner=world.author, title="part")
            Asset.objects.filter(pk=part.pk).update(whole_id=thing.asset.pk)
            Asset.objects.filter(pk=thing.asset.pk).update(modality="composition")
            client = world.readers["member of the organisation"].client
            listed = client.get("/api/v1/assets?limit=100").content.decode()
            assert str(thing.asset.pk) in listed
            assert f'"id":"{part.pk}"' not in listed.replace(" ", "")
            parts = client.get(f"/api/v1/assets?whole_id={thing.asset.pk}").json()["items"]
            assert [item["id"] for item in parts] == [str(part.pk)]
            assert client.get(f"/assets/{part.pk}").status_code == 200
