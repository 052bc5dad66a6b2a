"""Who gives and takes staff roles: none above one's own, none of one's own, and one admin stays."""

from collections.abc import Callable
from functools import partial
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from tests.integration.moderation.conftest import in_threads  # noqa: F401  # a fixture
from tests.integration.web.conftest import SignIn, sign_in  # noqa: F401  # a fixture
from tests.integration.web.reading import messages_of, refused_by_policy, text_of
from tidegate.accounts import services
from tidegate.accounts.models import StaffAppointment
from tidegate.accounts.selectors import staff_roles_of
from tidegate.audit.models import Entry
from tidegate.primitives.errors import Conflict, NotAllowed

pytestmark = pytest.mark.django_db
Run = Callable[[list[Callable[[], object]]], list[object]]
ROLES = StaffAppointment.Role.values


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("giver", [*ROLES, ""])
def test_nobody_gives_or_takes_a_role_above_their_own(giver: str, role: str) -> None:
    viewer = factories.viewer_of(factories.make_user(staff=(giver,) if giver else ()))
    somebody, holder = factories.make_user(), factories.make_user(staff=(role,))
    factories.make_user(staff=("policy_admin",))
    may = giver == "policy_admin" or (giver == "senior_reviewer" and role == "reviewer")
    give = partial(services.appoint_staff, viewer=viewer, user_id=somebody.pk, role=role)
    take = partial(services.dismiss_staff, viewer=viewer, user_id=holder.pk, role=role, reason="so")
    if may:
        give()
        take()
    else:
        for act in (give, take):
            with pytest.raises(NotAllowed) as refused:
                act()
            assert refused.value.code == "role_not_yours_to_give"
    assert staff_roles_of(somebody.pk) == ({role} if may else set())
    assert staff_roles_of(holder.pk) == (set() if may else {role})


def test_nobody_appoints_or_dismisses_themselves() -> None:
    admin = factories.make_user(staff=("policy_admin",))
    viewer = factories.viewer_of(admin)
    for act in (
        partial(services.appoint_staff, role="auditor"),
        partial(services.dismiss_staff, role="policy_admin", reason="enough"),
    ):
        with pytest.raises(NotAllowed) as refused:
            act(viewer=viewer, user_id=admin.pk)
        assert refused.value.code == "own_appointment"


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_dismiss_each_other_at_once_leave_one(
    in_threads: Run,  # noqa: F811
) -> None:
    one, two = (factories.make_user(staff=("policy_admin",)) for _ in range(2))
    results = in_threads(
        [
            partial(
                services.dismiss_staff,
                viewer=factories.viewer_of(who),
                user_id=whom.pk,
                role="policy_admin",
                reason="a quarrel",
            )
            for who, whom in ((one, two), (two, one))
        ]
    )
    left = StaffAppointment.objects.filter(role="policy_admin", ended_at=None)
    assert left.count() == 1
    assert [type(result) for result in results if isinstance(result, Exception)] == [Conflict]


def test_a_lead_appoints_and_dismisses_on_the_page(sign_in: SignIn) -> None:  # noqa: F811
    senior = factories.make_user(display_name="Sol", staff=("senior_reviewer",))
    somebody = factories.make_user(email="rae@example.test", display_name="Rae")
    client = sign_in(senior)
    page = text_of(client.get("/console/people"))
    assert refused_by_policy(page) == []
    assert 'value="reviewer"' in page
    assert 'value="auditor"' not in page
    answer = client.post(
        "/console/people/appoint", {"email": " Rae@example.test", "role": "reviewer"}, follow=True
    )
    assert messages_of(answer) == ["Appointed, and kept in the trail."]
    assert "Rae" in text_of(answer)
    answer = client.post(
        f"/console/people/{somebody.pk}/dismissal",
        {"role": "reviewer", "reason": "She left."},
        follow=True,
    )
    assert messages_of(answer) == ["Dismissed, and kept in the trail."]
    kept = Entry.objects.filter(action__in=["staff.appointed", "staff.dismissed"])
    assert kept.filter(actor_id=str(senior.pk)).count() == 2
    answer = client.post(
        "/console/people/appoint", {"email": "no@example.test", "role": "reviewer"}, follow=True
    )
    assert messages_of(answer) == ["Nobody has an account with this address."]


def test_the_first_admin_is_appointed_by_command() -> None:
    person = factories.make_user(email="first@example.test")
    out = StringIO()
    call_command("appoint_staff", "first@example.test", "policy_admin", stdout=out)
    assert staff_roles_of(person.pk) == {"policy_admin"}
    assert "policy_admin" in out.getvalue()
    with pytest.raises(CommandError, match="Nobody has an account"):
        call_command("appoint_staff", "nobody@example.test", "policy_admin")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("appoint_staff", "first@example.test", "king")
