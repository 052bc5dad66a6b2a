import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from tests import factories as make
from tidegate.assets import services, storage
from tidegate.assets.models import Asset, Blob, Move, Visibility
from tidegate.assets.services import Media, create_asset, move_asset
from tidegate.audit.models import Entry
from tidegate.events.models import Outbox
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import InvalidMove, NotAllowed, NotFound
from tidegate.primitives.ids import new_id
from tidegate.projects.models import Project

GATE = Actor.system("gate")


def create(project: Project, job_id: UUID, *, data: bytes = b"bytes", index: int = 0) -> Asset:
    return create_asset(
        organisation_id=project.organisation_id,
        project_id=project.pk,
        owner_id=project.created_by_id,
        job_id=job_id,
        output_index=index,
        modality="image",
        title="t" * 300,
        prompt="a prompt",
        text="",
        media=[Media("original", data, "image/png", width=4, height=2)],
        parent_id=None,
        seed=2**53,
        model_name="m",
        model_version="1",
        parameters={"steps": 3, "guidance": 2.5},
        actor=GATE,
        correlation_id=new_id(),
    )


def types() -> list[str]:
    return list(Outbox.objects.order_by("pk").values_list("type", flat=True))


@pytest.mark.django_db
def test_a_new_asset_is_pending_audited_and_announced() -> None:
    project = make.make_project()
    asset = create(project, new_id(), data=b"picture")
    assert asset.visibility == Visibility.PENDING
    assert len(asset.title) == 200
    rendition = asset.renditions.get()
    assert storage.read(rendition.blob_id) == b"picture"
    assert (rendition.width, rendition.height, rendition.blob.size) == (4, 2, 7)
    assert types() == ["tidegate.asset.created.v1"]
    entry = Entry.objects.get(subject_id=str(asset.pk))
    assert entry.chain == f"organisation:{project.organisation_id}"
    assert entry.correlation_id == asset.correlation_id
    assert [(move.before, move.after) for move in asset.moves.all()] == [("", "pending")]


@pytest.mark.django_db
def test_the_same_job_output_again_is_the_first_asset() -> None:
    project, job_id = make.make_project(), new_id()
    first = create(project, job_id)
    assert create(project, job_id, data=b"other bytes").pk == first.pk
    assert create(project, job_id, index=1).pk != first.pk
    assert types() == ["tidegate.asset.created.v1"] * 2


@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_one_output_make_one_asset() -> None:
    project, job_id = make.make_project(), new_id()
    gate = threading.Barrier(8)

    def work() -> UUID:
        gate.wait()
        try:
            return create(project, job_id).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        made = {future.result() for future in [pool.submit(work) for _ in range(8)]}
    assert len(made) == 1
    assert types() == ["tidegate.asset.created.v1"]
    assert Entry.objects.filter(action="asset.created").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_move_one_asset_at_once_one_succeeds() -> None:
    asset = make.make_asset(visibility="pending")
    gate = threading.Barrier(8)

    def move(_: int) -> bool:
        gate.wait()
        try:
            move_asset(asset_id=asset.pk, to="held", actor=GATE, reason="race")
        except InvalidMove:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(move, range(8))) == 1
    assert Move.objects.filter(asset=asset).count() == 2
    asset.refresh_from_db()
    assert (asset.visibility, asset.visibility_version) == ("held", 2)


@pytest.mark.django_db
def test_bytes_that_are_stored_already_are_not_put_again(monkeypatch: pytest.MonkeyPatch) -> None:
    media = services.store(Media("original", b"once", "text/plain"))
    assert media.sha256 == storage.put(b"once")
    monkeypatch.setattr(storage, "put", lambda data: pytest.fail(f"{data!r} was put again"))
    asset = make.make_asset(media=[media])
    assert asset.renditions.get().blob_id == media.sha256


@pytest.mark.django_db
@pytest.mark.parametrize("kinds", [[], ["preview"], ["original", "original"]])
def test_an_asset_has_one_original(kinds: list[str]) -> None:
    project = make.make_project()
    with pytest.raises(ValueError, match="one original"):
        create_asset(
            organisation_id=project.organisation_id,
            project_id=project.pk,
            owner_id=project.created_by_id,
            job_id=new_id(),
            output_index=0,
            modality="text",
            title="",
            prompt="",
            text="",
            media=[Media(kind, b"x", "text/plain") for kind in kinds],
            parent_id=None,
            seed=None,
            model_name="",
            model_version="",
            parameters={},
            actor=GATE,
            correlation_id=new_id(),
        )
    assert not Asset.objects.exists()


@pytest.mark.django_db
def test_equal_bytes_are_one_blob() -> None:
    project = make.make_project()
    create(project, new_id(), data=b"same")
    create(project, new_id(), data=b"same")
    assert Blob.objects.count() == 1


@pytest.mark.django_db
def test_a_move_that_does_not_commit_leaves_nothing() -> None:
    asset = make.make_asset(visibility="pending")
    before = types(), Move.objects.count(), Entry.objects.count()

    @transaction.atomic
    def move_and_break() -> None:
        move_asset(asset_id=asset.pk, to="released", actor=GATE, reason="fine")
        raise RuntimeError("something later in the transaction broke")

    with pytest.raises(RuntimeError, match="later"):
        move_and_break()
    asset.refresh_from_db()
    assert (asset.visibility, asset.visibility_version) == ("pending", 1)
    assert (types(), Move.objects.count(), Entry.objects.count()) == before


@pytest.mark.django_db
def test_a_move_records_reasons_for_staff_and_for_the_author() -> None:
    asset = make.make_asset(visibility="pending")
    moved = move_asset(
        asset_id=asset.pk,
        to="held",
        actor=GATE,
        reason="score",
        reasons=[{"hazard": "hate", "rule": "hold_at", "score": 0.7}],
        public_reasons=[{"code": "hate", "title": "May insult people"}],
    )
    released = move_asset(asset_id=asset.pk, to="released", actor=GATE, reason="a person looked")
    assert moved.reasons[0]["score"] == 0.7
    assert released.public_reasons == [{"code": "hate", "title": "May insult people"}]
    assert released.released_at is not None
    assert types()[-2:] == ["tidegate.asset.visibility-changed.v1"] * 2


@pytest.mark.django_db
def test_an_owner_withdraws_and_restores_and_both_are_on_the_trail() -> None:
    asset = make.make_asset()
    owner = make.viewer_of(asset.owner)
    first_release = asset.released_at
    services.withdraw_asset(viewer=owner, asset_id=asset.pk, reason="not yet")
    restored = services.restore_asset(viewer=owner, asset_id=asset.pk)
    assert restored.visibility == "released"
    assert restored.released_at == first_release
    actions = Entry.objects.filter(subject_id=str(asset.pk)).order_by("seq")
    assert list(actions.values_list("action", flat=True)) == [
        "asset.created",
        "asset.moved",
        "asset.withdrawn",
        "asset.restored",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("visibility", ["pending", "held", "blocked", "released"])
def test_an_owner_restores_only_what_they_withdrew(visibility: str) -> None:
    asset = make.make_asset(visibility=visibility)
    with pytest.raises(InvalidMove):
        services.restore_asset(viewer=make.viewer_of(asset.owner), asset_id=asset.pk)


@pytest.mark.django_db
def test_nobody_else_withdraws() -> None:
    asset = make.make_asset()
    reviewer = make.viewer_of(make.make_user(staff=["senior_reviewer"]))
    for viewer in (make.viewer_of(make.make_user()), reviewer):
        with pytest.raises(NotAllowed):
            services.withdraw_asset(viewer=viewer, asset_id=asset.pk)
    hidden = make.make_asset(visibility="held")
    with pytest.raises(NotFound):
        services.withdraw_asset(viewer=make.viewer_of(make.make_user()), asset_id=hidden.pk)
    with pytest.raises(NotFound):
        move_asset(asset_id=new_id(), to="released", actor=GATE, reason="")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("visibility", "'secret'", "assets_asset_visibility_known"),
        ("modality", "'smell'", "assets_asset_modality_known"),
        ("released_at", "NULL", "assets_asset_released_at_is_known_when_released"),
    ],
)
def test_the_database_refuses_impossible_rows(column: str, value: str, constraint: str) -> None:
    from django.db import IntegrityError

    asset = make.make_asset()
    with pytest.raises(IntegrityError, match=constraint), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE assets_asset SET {column} = {value} WHERE id = %s",  # noqa: S608  # our own
            [asset.pk],
        )
