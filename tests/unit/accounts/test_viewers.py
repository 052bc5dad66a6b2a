from uuid import UUID

import pytest

from tidegate.accounts.viewers import ANONYMOUS, Viewer, system

USER, KEY = UUID(int=1), UUID(int=2)


def viewer(*, staff: frozenset[str] = frozenset(), key_id: UUID | None = None) -> Viewer:
    return Viewer(
        user_id=USER,
        staff_roles=staff,
        organisation_id=None,
        scopes=None,
        label="someone",
        key_id=key_id,
    )


@pytest.mark.parametrize(
    ("who", "kind", "identifier"),
    [
        (viewer(), "user", str(USER)),
        (viewer(staff=frozenset({"auditor"})), "staff", str(USER)),
        (viewer(key_id=KEY), "key", str(KEY)),
        (viewer(staff=frozenset({"reviewer"}), key_id=KEY), "key", str(KEY)),
        (ANONYMOUS, "anonymous", ""),
        (system("sweeper"), "system", "sweeper"),
    ],
)
def test_the_trail_names_who_acted(who: Viewer, kind: str, identifier: str) -> None:
    actor = who.actor()
    assert (actor.kind, actor.id) == (kind, identifier)


def test_the_platform_is_neither_staff_nor_anonymous() -> None:
    assert not system("relay").is_staff
    assert not system("relay").is_anonymous
    assert ANONYMOUS.is_anonymous
