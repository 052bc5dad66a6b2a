"""Personal values of the trail: sealed per person, readable until their key is destroyed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from tests import factories
from tests.integration.audit.support import verify
from tests.integration.moderation.conftest import in_threads  # noqa: F401  # a fixture
from tidegate.audit import offline, sealing
from tidegate.audit.actions import Action
from tidegate.audit.checkpoints import checkpoint, key_file
from tidegate.audit.keys import KeyUnusable, load_public
from tidegate.audit.models import Entry, SubjectKey
from tidegate.audit.proofs import export_lines
from tidegate.audit.services import erase_person, record
from tidegate.primitives.actor import Actor
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[[list[Callable[[], object]]], list[object]]
ADMIN = Actor("staff", str(new_id()), "admin@example.test")


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    sealing._known.clear()


def append(person: UUID, reason: str = "Ada lives at the harbour", **given: Any) -> Entry:
    with transaction.atomic():
        return record(
            Action.CASE_DECIDED,
            chain="a",
            actor=given.pop("actor", ADMIN),
            subject_type="test",
            subject_id="1",
            reason=reason,
            person=person,
            **given,
        )


def stored() -> str:
    """Return every row of the trail as the database has it, in one text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(entry::text, E'\\n' ORDER BY seq) FROM audit_entry entry")
        return str(cursor.fetchone()[0])


def test_personal_values_are_read_as_they_were_and_stored_as_nobody_can_read_them() -> None:
    person = new_id()
    append(
        person,
        after={"email": "ada@example.test", "role": "owner"},
        personal=("email",),
    )
    entry = Entry.objects.get()
    assert entry.reason == "Ada lives at the harbour"
    assert entry.after == {"email": "ada@example.test", "role": "owner"}
    assert entry.actor_label == "admin@example.test"
    text = stored()
    for value in ("Ada", "harbour", "ada@example.test", "admin@example.test"):
        assert value not in text
    assert "owner" in text
    assert set(entry.sealed()) == {"reason", "after", "actor_label"}


def test_nobody_is_named_by_what_the_platform_does() -> None:
    with transaction.atomic():
        record(
            Action.CASE_OPENED,
            chain="a",
            actor=Actor.system("moderation"),
            subject_type="test",
            subject_id="1",
            reason="hold",
        )
    assert "moderation" in stored()
    assert "hold" in stored()
    assert Entry.objects.get().sealed() == {}
    assert not SubjectKey.objects.exists()


def test_an_erased_person_is_read_no_more_and_everything_else_is_whole(tmp_path: Path) -> None:
    ada, bob = new_id(), new_id()
    append(ada, after={"email": "ada@example.test"}, personal=("email",))
    append(bob, "Bob is kind")
    checkpoint()
    before = stored()

    assert erase_person(person_id=ada, actor=ADMIN, reason="She asked for it.", chain="a")

    first, second, last = Entry.objects.order_by("seq")
    assert (first.reason, first.after) == ("[erased]", {"email": "[erased]"})
    assert second.reason == "Bob is kind"
    assert (last.action, last.subject_id) == ("person.erased", str(ada))
    assert first.actor_label == "admin@example.test"
    # Not one bit of what was there has changed: what is destroyed is the key.
    assert stored().startswith(before)
    assert SubjectKey.objects.get(subject=f"user:{ada}").wrapped is None
    checkpoint()
    assert "entries in 1 chains" in verify()
    lines = list(export_lines(Entry.objects.all()))
    assert "ada@example.test" not in "".join(lines)
    opened = [json.loads(line).get("opened") for line in lines if '"opened"' in line]
    assert opened[0]["reason"] == "[erased]"
    assert opened[1]["reason"] == "Bob is kind"


def test_the_offline_script_proves_an_export_with_erased_people() -> None:
    ada = new_id()
    append(ada)
    append(new_id(), "another")
    checkpoint()
    erase_person(person_id=ada, actor=ADMIN, reason="She asked for it.", chain="a")
    checkpoint()
    key = load_public(key_file())
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    outcome = offline.check(export_lines(Entry.objects.all()), pem)
    assert outcome.problems == []
    assert outcome.entries() == 3


def test_erasing_twice_is_once_and_nothing_is_sealed_for_them_again() -> None:
    ada = new_id()
    append(ada)
    assert erase_person(person_id=ada, actor=ADMIN, reason="She asked for it.")
    assert not erase_person(person_id=ada, actor=ADMIN, reason="She asked for it.")
    append(ada, "Ada came back")
    assert Entry.objects.filter(action="person.erased").count() == 1
    assert Entry.objects.latest("id").reason == "[erased]"
    assert "came back" not in stored()


def test_who_never_was_in_the_trail_leaves_no_entry() -> None:
    assert not erase_person(person_id=new_id(), actor=ADMIN, reason="Whoever it was.")
    assert not Entry.objects.exists()


def test_what_looks_sealed_but_is_not_is_read_as_it_is() -> None:
    person = new_id()
    for text in ("sealed:1:", "sealed:1:user:x:!!", f"sealed:1:user:{person}:QUJD"):
        append(person, text)
        assert Entry.objects.latest("id").reason == text


def test_a_key_that_was_rolled_back_seals_nothing_later() -> None:
    person = new_id()
    with transaction.atomic():
        append(person)
        transaction.set_rollback(True)
    assert not SubjectKey.objects.filter(subject=f"user:{person}").exists()
    append(person)
    sealing._known.clear()
    assert Entry.objects.get().reason == "Ada lives at the harbour"


def test_writers_and_an_eraser_at_once_leave_one_chain_and_nothing_readable(
    in_threads: Run,  # noqa: F811  # the fixture
) -> None:
    ada = new_id()
    append(ada)
    results = in_threads(
        [lambda: append(ada) for _ in range(6)]
        + [lambda: erase_person(person_id=ada, actor=ADMIN, reason="She asked.", chain="a")]
    )
    assert [one for one in results if isinstance(one, Exception)] == []
    sealing._known.clear()
    assert {one.reason for one in Entry.objects.filter(action="case.decided")} == {"[erased]"}
    assert "entries in 1 chains" in verify()


def test_a_lost_or_other_wrapping_key_is_said_and_never_replaced(
    settings: Any, tmp_path: Path
) -> None:
    append(new_id())
    sealing._known.clear()
    settings.TIDEGATE_AUDIT_SEALING_KEY_FILE = tmp_path / "sealing.key"
    with pytest.raises(KeyUnusable, match="is missing"):
        append(new_id())
    assert not (tmp_path / "sealing.key").exists()
    sealing.create_wrapping_key(tmp_path / "sealing.key")
    with pytest.raises(KeyUnusable, match="is not the key"):
        _ = Entry.objects.get().reason


def test_the_wrapping_key_is_changed_and_everything_reads_as_before(
    settings: Any, tmp_path: Path
) -> None:
    person, gone = new_id(), new_id()
    append(person)
    append(gone)
    erase_person(person_id=gone, actor=ADMIN, reason="Asked.", chain="a")
    old, new = Path(settings.TIDEGATE_AUDIT_SEALING_KEY_FILE), tmp_path / "new.key"
    call_command("audit_rewrap", "--new", str(new))
    sealing._known.clear()
    settings.TIDEGATE_AUDIT_SEALING_KEY_FILE = new
    assert [one.reason for one in Entry.objects.order_by("seq")][:2] == [
        "Ada lives at the harbour",
        "[erased]",
    ]
    settings.TIDEGATE_AUDIT_SEALING_KEY_FILE = old
    sealing._known.clear()
    with pytest.raises(KeyUnusable):
        list(Entry.objects.all())


def test_policy_admins_erase_somebody_over_http_and_in_the_console() -> None:
    ada = factories.make_user(display_name="Ada Harbour")
    assert "Ada Harbour" not in stored()
    auditor, admin = Client(), Client()
    auditor.force_login(factories.make_user(staff=["auditor"]))
    admin.force_login(factories.make_user(staff=["policy_admin"]))
    body = {"person_id": str(ada.pk), "reason": "A request of 23 November."}
    for client, status in ((auditor, 403), (admin, 200), (admin, 200)):
        answer = client.post("/api/v1/audit/erasures", body, content_type="application/json")
        assert answer.status_code == status
    assert answer.json() == {"person_id": str(ada.pk), "was_there": False}
    bob = factories.make_user(display_name="Bob Quay")
    page = admin.post(
        "/console/trail/erasure", {"person_id": str(bob.pk), "reason": "Asked."}, follow=True
    )
    assert page.status_code == 200
    created = Entry.objects.get(action="user.created", subject_id=str(bob.pk))
    assert created.after == {"email": "[erased]", "display_name": "[erased]"}
