from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories as make
from tidegate.accounts import services
from tidegate.accounts.errors import KeyRefused
from tidegate.accounts.models import ApiKey, User
from tidegate.accounts.selectors import viewer_for_key, viewer_for_user
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


def code_of(text: str) -> str:
    with pytest.raises(KeyRefused) as caught:
        services.authenticate_key(text)
    assert caught.value.status == 401
    return caught.value.code


def test_a_key_opens_with_its_text_and_keeps_only_a_digest() -> None:
    key, text = make.make_key(make.make_organisation())
    with CaptureQueriesContext(connection) as captured:
        assert services.authenticate_key(text) == key
    assert len(captured) == 1
    stored = str(ApiKey.objects.values().get(pk=key.pk))
    trail = str(list(Entry.objects.values()))
    assert text.rpartition("_")[2] not in stored + trail
    assert text not in str(key)


@pytest.mark.parametrize("text", ["", "nonsense", "tg_abcdefgh_" + "x" * 32, "tg_a\0b", "\ud800"])
def test_unknown_keys_are_refused(text: str) -> None:
    assert code_of(text) == "key_unknown"


def test_the_right_prefix_with_a_wrong_secret_is_as_unknown_as_any() -> None:
    key, _ = make.make_key(make.make_organisation())
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=now())
    assert code_of(f"tg_{key.prefix}_" + "x" * 32) == "key_unknown"


def test_revoked_expired_and_orphaned_keys_say_so() -> None:
    home = make.make_organisation()
    member = make.make_member(home, "admin")
    revoked, revoked_text = make.make_key(home)
    expiring, expiring_text = make.make_key(home, expires_at=now() + timedelta(hours=1))
    _, left_text = make.make_key(home, creator=member)
    _, closed_text = make.make_key(home, creator=make.make_member(home, "admin"))
    services.revoke_key(viewer=make.viewer_of(make.owner_of(home)), key_id=revoked.pk)
    services.revoke_key(viewer=make.viewer_of(make.owner_of(home)), key_id=revoked.pk)
    assert Entry.objects.filter(action="key.revoked").count() == 1
    assert code_of(revoked_text) == "key_revoked"
    with patch("tidegate.accounts.services.keys.now", lambda: now() + timedelta(hours=2)):
        assert code_of(expiring_text) == "key_expired"
    assert services.authenticate_key(expiring_text) == expiring
    services.remove_member(viewer=make.SYSTEM, organisation_id=home.pk, user_id=member.pk)
    assert code_of(left_text) == "key_orphaned"
    creator = services.authenticate_key(closed_text).created_by
    services.deactivate_user(viewer=make.SYSTEM, user_id=creator.pk, reason="closed")
    assert code_of(closed_text) == "key_orphaned"


def test_last_use_is_noted_once_a_minute() -> None:
    key, text = make.make_key(make.make_organisation())
    services.touch_key(services.authenticate_key(text))
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    assert first is not None
    with CaptureQueriesContext(connection) as captured:
        services.touch_key(services.authenticate_key(text))
    assert len(captured) == 1
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=now() - timedelta(minutes=2))
    services.touch_key(services.authenticate_key(text))
    last = ApiKey.objects.get(pk=key.pk).last_used_at
    assert last is not None
    assert last >= first


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_keys_are_issued_by_owners_and_admins(role: str) -> None:
    home = make.make_organisation()
    person = make.make_member(home, role)
    with pytest.raises(NotAllowed):
        make.make_key(home, creator=person)
    with pytest.raises(NotFound):
        make.make_key(home, creator=make.make_user())


def test_a_key_issues_no_keys() -> None:
    home = make.make_organisation()
    key, _ = make.make_key(home)
    with pytest.raises(NotAllowed):
        services.issue_key(
            viewer=viewer_for_key(key), organisation_id=home.pk, name="x", scopes=["jobs:read"]
        )


def test_staff_scopes_need_a_staff_role_and_carry_it() -> None:
    home = make.make_organisation()
    with pytest.raises(NotAllowed):
        make.make_key(home, scopes=["cases:read"])
    reviewer = make.make_member(home, "admin", make.make_user(staff=["reviewer"]))
    staff_key, _ = make.make_key(home, creator=reviewer, scopes=["cases:read"])
    plain_key, _ = make.make_key(home, creator=reviewer, scopes=["assets:read"])
    assert viewer_for_key(staff_key).staff_roles == {"reviewer"}
    assert viewer_for_key(plain_key).staff_roles == frozenset()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["root"]}, "/scopes"),
        ({"expires_at": now() - timedelta(seconds=1)}, "/expires_at"),
    ],
)
def test_wrong_fields_of_a_key_are_named(fields: dict[str, object], pointer: str) -> None:
    home = make.make_organisation()
    values = {"name": "x", "scopes": ["jobs:read"], **fields}
    with pytest.raises(InvalidInput) as caught:
        services.issue_key(
            viewer=viewer_for_user(User.objects.get(memberships__organisation=home)),
            organisation_id=home.pk,
            **values,  # type: ignore[arg-type]  # the table's values
        )
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_somebody_elses_key_does_not_exist() -> None:
    key, _ = make.make_key(make.make_organisation())
    with pytest.raises(NotFound) as caught:
        services.revoke_key(viewer=make.viewer_of(make.make_user()), key_id=key.pk)
    assert caught.value.code == "key_not_found"
