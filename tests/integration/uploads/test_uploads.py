"""Uploads: taken in, screened, used by their owner only, swept."""

import hashlib
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.db import IntegrityError

from tests.factories import (
    make_account,
    make_asset,
    make_collaborator,
    make_key,
    make_project,
    make_user,
    viewer_of,
)
from tests.fakes.gate import POLICY, FakeGate
from tests.integration.uploads.drawing import picture
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.assets import storage
from tidegate.assets.models import Blob
from tidegate.assets.services import Media
from tidegate.audit.models import Entry
from tidegate.contracts.moderation import VerdictName
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidMove, NotAllowed, NotFound
from tidegate.projects.models import Project
from tidegate.uploads import selectors, services
from tidegate.uploads.models import Upload

pytestmark = pytest.mark.django_db


class Owner:
    """Somebody with a project who brings pictures along."""

    def __init__(self) -> None:
        account = make_account()
        self.user, self.project = account.user, account.project
        self.viewer: Viewer = viewer_of(account.user)

    def brings(self, data: bytes, project: Project | None = None) -> Upload:
        place = project or self.project
        return services.add_upload(viewer=self.viewer, project_id=place.pk, data=data)[0]


@pytest.fixture
def owner(gate: FakeGate) -> Owner:
    return Owner()


def actions(upload: Upload) -> list[str]:
    entries = Entry.objects.filter(subject_id=str(upload.pk)).order_by("seq")
    return list(entries.values_list("action", flat=True))


def path_of(sha256: str) -> Path:
    return Path(cast("FileSystemStorage", storages["media"]).path(storage.name_of(sha256)))


def aged(sha256: str) -> None:
    """Let a blob's bytes have been put an hour ago."""
    hour = now().timestamp() - 3600
    os.utime(path_of(sha256), (hour, hour))


def expired(upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).update(expires_at=now() - timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Fate:
    state: str
    is_screened: bool
    is_stored: bool
    reasons: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("verdict", "fate"),
    [
        ("release", Fate("accepted", is_screened=True, is_stored=True)),
        ("hold", Fate("held", is_screened=True, is_stored=True, reasons=("sexual",))),
        ("unavailable", Fate("held", is_screened=False, is_stored=True)),
        ("block", Fate("refused", is_screened=True, is_stored=False, reasons=("sexual",))),
    ],
)
def test_the_gates_ruling_decides_what_becomes_of_an_upload(
    owner: Owner, gate: FakeGate, verdict: VerdictName, fate: Fate
) -> None:
    gate.image_verdict = verdict
    # Bytes are kept by their content, over all tests: each verdict has a picture of its own.
    data = picture(size=(64, 40 + len(verdict)))
    upload = owner.brings(data)
    upload.refresh_from_db()
    kept, source = gate.images[0]
    assert source == hashlib.sha256(data).hexdigest() == upload.source_sha256
    assert (upload.state, tuple(upload.reasons)) == (fate.state, fate.reasons)
    assert (upload.screened_at is not None) is fate.is_screened
    assert upload.screening_policy == (POLICY if fate.is_screened else "")
    assert upload.is_usable is (fate.state == "accepted")
    assert upload.source_type == "image/jpeg"
    assert (upload.width, upload.media_type) == (64, "image/png")
    digest = hashlib.sha256(kept).hexdigest()
    assert path_of(digest).exists() is fate.is_stored
    assert (upload.blob_id == digest) is fate.is_stored
    assert actions(upload) == ["upload.added"]


def test_the_same_file_again_is_the_same_upload_and_is_asked_about_once(
    owner: Owner, gate: FakeGate
) -> None:
    first, again = owner.brings(picture()), owner.brings(picture())
    assert again.pk == first.pk
    assert again.expires_at > first.expires_at
    assert len(gate.images) == 1
    elsewhere = make_project(owner.project.organisation, creator=owner.user)
    assert owner.brings(picture(), elsewhere).pk != first.pk
    assert Owner().brings(picture()).pk != first.pk


def test_an_unscreened_upload_is_asked_about_again_and_then_usable(
    owner: Owner, gate: FakeGate
) -> None:
    gate.image_verdict = "unavailable"
    upload = owner.brings(picture())
    services.sweep_uploads()
    upload.refresh_from_db()
    assert upload.screened_at is None
    gate.image_verdict = "release"
    services.sweep_uploads()
    upload.refresh_from_db()
    assert upload.is_usable
    assert actions(upload) == ["upload.added", "upload.screened"]
    assert services.screen_upload(upload_id=upload.pk) is None


def test_an_upload_refused_late_is_no_longer_looked_at(owner: Owner, gate: FakeGate) -> None:
    gate.image_verdict = "unavailable"
    upload = owner.brings(picture())
    assert selectors.visible_upload(owner.viewer, upload.pk) == upload
    gate.image_verdict = "block"
    services.sweep_uploads()
    assert selectors.upload_for(owner.viewer, upload.pk).state == "refused"
    with pytest.raises(NotFound):
        selectors.visible_upload(owner.viewer, upload.pk)


def test_bytes_that_cannot_be_read_keep_no_other_upload_waiting(
    owner: Owner, gate: FakeGate
) -> None:
    gate.image_verdict = "unavailable"
    lost, other = owner.brings(picture("green")), owner.brings(picture("navy"))
    path_of(str(lost.blob_id)).unlink()
    gate.image_verdict = "release"
    services.sweep_uploads()
    lost.refresh_from_db()
    other.refresh_from_db()
    assert (lost.screened_at, other.state) == (None, "accepted")


def test_nobody_but_its_owner_sees_an_upload(owner: Owner) -> None:
    upload = owner.brings(picture())
    company = make_account()
    inside, _ = make_key(owner.project.organisation, creator=owner.user)
    outside, _ = make_key(company.organisation)
    assert selectors.upload_for(owner.viewer, upload.pk) == upload
    assert selectors.upload_for(viewer_of(inside), upload.pk) == upload
    for nobody in (
        ANONYMOUS,
        viewer_of(make_user()),
        viewer_of(make_user(staff=["reviewer", "auditor", "policy_admin"])),
        viewer_of(make_collaborator(owner.project, "editor").user),
        viewer_of(outside),
    ):
        for look in (selectors.upload_for, selectors.visible_upload):
            with pytest.raises(NotFound):
                look(nobody, upload.pk)


def test_only_who_may_make_things_in_a_project_may_upload_into_it(owner: Owner) -> None:
    guest = viewer_of(make_collaborator(owner.project, "viewer").user)
    for viewer, complaint in (
        (ANONYMOUS, NotAllowed),
        (guest, NotAllowed),
        (viewer_of(make_user()), NotFound),
    ):
        with pytest.raises(complaint):
            services.add_upload(viewer=viewer, project_id=owner.project.pk, data=picture())
    assert not Upload.objects.exists()


def test_one_may_not_keep_any_number(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_AT_ONCE", 1)
    first = owner.brings(picture("green"))
    with pytest.raises(Conflict):
        owner.brings(picture("navy"))
    services.remove_upload(viewer=owner.viewer, upload_id=first.pk)
    owner.brings(picture("navy"))


def test_what_was_given_back_is_found_no_more_and_its_bytes_go(owner: Owner) -> None:
    upload = owner.brings(picture("olive"))
    digest = str(upload.blob_id)
    services.remove_upload(viewer=owner.viewer, upload_id=upload.pk)
    with pytest.raises(NotFound):
        selectors.upload_for(owner.viewer, upload.pk)
    assert services.sweep_uploads() == 0, "it may still be sent again for a moment"
    expired(upload)
    aged(digest)
    assert services.sweep_uploads() == 1
    assert not Upload.objects.filter(pk=upload.pk).exists()
    assert not Blob.objects.filter(pk=digest).exists()
    assert not path_of(digest).exists()
    assert actions(upload) == ["upload.added", "upload.removed", "upload.swept"]


def test_swept_bytes_stay_where_something_else_needs_them(owner: Owner, gate: FakeGate) -> None:
    upload, other = owner.brings(picture("teal")), Owner()
    kept = other.brings(picture("teal"))
    assert kept.blob_id == upload.blob_id
    aged(str(upload.blob_id))
    expired(upload)
    assert services.sweep_uploads() == 1
    assert storage.read(str(kept.blob_id))
    make_asset(media=[Media("original", gate.images[0][0], "image/png")])
    expired(kept)
    aged(str(kept.blob_id))
    assert services.sweep_uploads() == 1
    assert storage.read(str(kept.blob_id))


def test_bytes_that_somebody_puts_just_now_stay(owner: Owner, gate: FakeGate) -> None:
    upload = owner.brings(picture("plum"))
    aged(str(upload.blob_id))
    storage.put(gate.images[0][0])
    expired(upload)
    assert services.sweep_uploads() == 1
    assert path_of(str(upload.blob_id)).exists()


def test_an_upload_sent_twice_at_once_is_one(
    owner: Owner, gate: FakeGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = owner.brings(picture())
    answers = iter([None, first])
    monkeypatch.setattr(services, "_prolonged", lambda *_: next(answers))
    again, is_new = services.add_upload(
        viewer=owner.viewer, project_id=owner.project.pk, data=picture()
    )
    assert (again, is_new) == (first, False)
    assert Upload.objects.count() == 1


def test_a_ruling_is_never_turned_round(owner: Owner) -> None:
    upload = owner.brings(picture())
    with pytest.raises(InvalidMove):
        upload.move_to(Upload.State.HELD, at=now())
    with pytest.raises(InvalidMove):
        upload.move_to(Upload.State.REFUSED, at=now())


def test_the_table_knows_no_usable_upload_without_bytes_or_ruling(owner: Owner) -> None:
    upload = owner.brings(picture())
    with pytest.raises(IntegrityError):
        Upload.objects.filter(pk=upload.pk).update(screened_at=None)
