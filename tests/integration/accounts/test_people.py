from uuid import uuid4

import pytest
from django.db import connection

from tests import factories as make
from tidegate.accounts import services
from tidegate.accounts.models import Membership, StaffAppointment, User
from tidegate.accounts.selectors import (
    keys_of,
    members_of,
    organisations_of,
    require_role,
    viewer_for_user,
)
from tidegate.accounts.viewers import ANONYMOUS
from tidegate.audit.models import Entry
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound, TidegateError

pytestmark = pytest.mark.django_db


def test_an_account_has_an_organisation_and_a_public_project_in_one_chain() -> None:
    account = make.make_account("New.Person@Example.test")
    assert account.user.email == "new.person@example.test"
    assert account.organisation.kind == "personal"
    assert account.project.audience == "public"
    entries = Entry.objects.filter(chain=f"organisation:{account.organisation.pk}")
    assert list(entries.order_by("seq").values_list("action", flat=True)) == [
        "account.opened",
        "project.created",
    ]
    assert make.PASSWORD not in str(list(entries.values()))


def test_an_address_opens_one_account_whatever_its_letter_case() -> None:
    make.make_account("one@example.test")
    with pytest.raises(Conflict) as caught:
        make.make_account(" ONE@Example.test")
    assert caught.value.code == "email_taken"
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"email": "no address"}, "/email"),
        ({"password": "12345678"}, "/password"),
        ({"password": "person-x@example.test"}, "/password"),
        ({"display_name": "   "}, "/display_name"),
        ({"display_name": "x" * 81}, "/display_name"),
        ({"language": "tlh"}, "/language"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(fields: dict[str, str], pointer: str) -> None:
    values = {
        "email": "person-x@example.test",
        "password": make.PASSWORD,
        "display_name": "X",
        "language": "en",
        **fields,
    }
    with pytest.raises(InvalidInput) as caught:
        services.create_user(**values)  # type: ignore[arg-type]  # the table holds strings only
    assert pointer in {error.pointer for error in caught.value.errors}
    assert not User.objects.exists()


def test_the_database_itself_refuses_an_address_in_capitals() -> None:
    from django.db import IntegrityError

    with pytest.raises(IntegrityError, match="accounts_user_email_is_lower_case"):
        User.objects.create(email="Capital@example.test", display_name="X")


ROLES = ["owner", "admin", "member", "viewer"]


@pytest.mark.parametrize("granted", ROLES)
@pytest.mark.parametrize("own", ROLES)
def test_who_lets_whom_in(own: str, granted: str) -> None:
    home = make.make_organisation()
    person = make.owner_of(home) if own == "owner" else make.make_member(home, own)
    newcomer = make.make_user()
    may = own == "owner" or (own == "admin" and granted != "owner")

    def let_in() -> Membership:
        return services.add_member(
            viewer=viewer_for_user(person),
            organisation_id=home.pk,
            email=newcomer.email,
            role=granted,
        )

    if may:
        assert let_in().role == granted
    else:
        with pytest.raises(NotAllowed):
            let_in()


def test_strangers_do_not_learn_that_an_organisation_exists() -> None:
    home, stranger = make.make_organisation(), viewer_for_user(make.make_user())
    for viewer in (stranger, ANONYMOUS):
        for read in (members_of, keys_of):
            with pytest.raises(NotFound):
                read(viewer, home.pk)
        assert not organisations_of(viewer).exists()


def test_a_personal_organisation_stays_personal() -> None:
    account = make.make_account()
    with pytest.raises(NotAllowed) as caught:
        services.add_member(
            viewer=viewer_for_user(account.user),
            organisation_id=account.organisation.pk,
            email=make.make_user().email,
            role="member",
        )
    assert caught.value.code == "personal_organisation"


def test_an_organisation_keeps_an_owner() -> None:
    home = make.make_organisation()
    owner = make.owner_of(home)
    viewer = viewer_for_user(owner)
    for leave in (
        lambda: services.remove_member(viewer=viewer, organisation_id=home.pk, user_id=owner.pk),
        lambda: services.change_role(
            viewer=viewer, organisation_id=home.pk, user_id=owner.pk, role="admin"
        ),
    ):
        with pytest.raises(Conflict) as caught:
            leave()
        assert caught.value.code == "last_owner"


def test_an_admin_cannot_unmake_an_owner_but_anyone_may_leave() -> None:
    home = make.make_organisation()
    admin, member = make.make_member(home, "admin"), make.make_member(home)
    make.make_member(home, "owner", other := make.make_user())
    with pytest.raises(NotAllowed):
        services.remove_member(
            viewer=viewer_for_user(admin), organisation_id=home.pk, user_id=other.pk
        )
    services.remove_member(
        viewer=viewer_for_user(member), organisation_id=home.pk, user_id=member.pk
    )
    with pytest.raises(NotFound):
        require_role(viewer_for_user(member), home.pk, "viewer")


@pytest.mark.parametrize("role", ["", "god", "Owner"])
def test_unknown_roles_are_refused(role: str) -> None:
    home = make.make_organisation()
    with pytest.raises(InvalidInput):
        make.make_member(home, role)


def test_only_a_policy_admin_appoints_and_nobody_appoints_themselves() -> None:
    chief, person = make.make_user(staff=["policy_admin"]), make.make_user()
    services.appoint_staff(viewer=viewer_for_user(chief), user_id=person.pk, role="reviewer")
    for who, whom in [
        (person, chief),
        (chief, chief),
        (make.make_user(staff=["senior_reviewer"]), person),
    ]:
        with pytest.raises(NotAllowed):
            services.appoint_staff(viewer=viewer_for_user(who), user_id=whom.pk, role="auditor")
    with pytest.raises(NotAllowed):
        services.appoint_staff(viewer=ANONYMOUS, user_id=person.pk, role="auditor")


def test_an_appointment_ends_once_and_may_begin_again() -> None:
    person = make.make_user(staff=["reviewer"])
    make_again = {"viewer": make.SYSTEM, "user_id": person.pk, "role": "reviewer"}
    services.appoint_staff(**make_again)  # type: ignore[arg-type]  # a table of keywords
    assert StaffAppointment.objects.count() == 1
    for _ in range(2):
        services.dismiss_staff(**make_again, reason="left")  # type: ignore[arg-type]  # as above
    assert viewer_for_user(person).staff_roles == frozenset()
    services.appoint_staff(**make_again)  # type: ignore[arg-type]  # as above
    assert viewer_for_user(person).staff_roles == {"reviewer"}
    assert Entry.objects.filter(action="staff.dismissed").count() == 1


def test_a_closed_account_is_nobody() -> None:
    person = make.make_user(staff=["auditor"])
    with pytest.raises(NotAllowed):
        services.deactivate_user(
            viewer=viewer_for_user(make.make_user()), user_id=person.pk, reason="spite"
        )
    services.deactivate_user(viewer=viewer_for_user(person), user_id=person.pk, reason="leaving")
    person.refresh_from_db()
    assert viewer_for_user(person) == ANONYMOUS
    with pytest.raises(TidegateError):
        services.deactivate_user(viewer=make.SYSTEM, user_id=uuid4(), reason="unknown")


def test_names_that_repeat_get_addresses_of_their_own() -> None:
    names = [make.make_organisation(name="Same Name").slug for _ in range(3)]
    assert len(set(names)) == 3
    assert names[0] == "same-name"
    assert make.make_organisation(name="灯塔").slug == "灯塔"
    assert connection.in_atomic_block
