"""Credits that are granted, set aside, charged and given back."""

import threading
from collections.abc import Sequence
from uuid import UUID

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from tests.factories import make_organisation, make_user, viewer_of
from tests.integration.generation.maker import at_once
from tidegate.accounts.viewers import system
from tidegate.audit.models import Entry as AuditEntry
from tidegate.contracts.ledger import CreditsMoved
from tidegate.events.models import Outbox
from tidegate.ledger import selectors, services
from tidegate.ledger.errors import InsufficientCredits, LedgerBroken
from tidegate.ledger.models import Entry, Kind, Pot
from tidegate.ledger.reconciliation import drifts, totals
from tidegate.ledger.services import Line, Subject
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

WELCOME = 10_000


@pytest.fixture
def payer(db: None) -> UUID:
    return make_organisation().pk


def subject() -> Subject:
    return Subject("tests.job", new_id())


def reserve(payer: UUID, amount: int, about: Subject | None = None, quantity: int = 1) -> Subject:
    about = about or subject()
    with transaction.atomic():
        services.reserve(
            organisation_id=payer,
            subject=about,
            amount=amount,
            quantity=quantity,
            correlation_id=new_id(),
        )
    return about


def settle(payer: UUID, about: Subject, lines: Sequence[Line]) -> None:
    with transaction.atomic():
        services.settle(organisation_id=payer, subject=about, lines=lines, correlation_id=new_id())


def charge(amount: int, index: int = 0) -> Line:
    return Line(Kind.CHARGE, Pot.RESERVED, Pot.EARNED, amount, output_index=index)


def release(amount: int, index: int = 0) -> Line:
    return Line(
        Kind.RELEASE, Pot.RESERVED, Pot.AVAILABLE, amount, output_index=index, reason="failed"
    )


def figures(payer: UUID) -> tuple[int, int]:
    balance = selectors.balance_of(payer)
    return balance.available, balance.reserved


def test_the_first_spending_opens_the_account_with_its_welcome(payer: UUID) -> None:
    assert figures(payer) == (WELCOME, 0)
    assert not Entry.objects.filter(organisation_id=payer).exists()
    reserve(payer, 40)
    assert figures(payer) == (WELCOME - 40, 40)
    kinds = Entry.objects.filter(organisation_id=payer).order_by("seq").values_list("kind", "seq")
    assert list(kinds) == [("grant", 1), ("reserve", 2)]
    (told,) = AuditEntry.objects.filter(action="credits.granted", subject_id=str(payer))
    assert (told.reason, told.after) == ("welcome", {"amount": WELCOME})


def test_reserving_is_one_round_trip(payer: UUID, django_assert_num_queries: object) -> None:
    reserve(payer, 1)
    with transaction.atomic(), django_assert_num_queries(1):  # type: ignore[operator]  # a fixture
        services.reserve(
            organisation_id=payer,
            subject=subject(),
            amount=1,
            quantity=1,
            correlation_id=new_id(),
        )


def test_more_than_there_is_is_refused_and_changes_nothing(payer: UUID) -> None:
    with pytest.raises(InsufficientCredits) as refused:
        reserve(payer, WELCOME + 1)
    assert (refused.value.status, refused.value.code) == (402, "insufficient_credits")
    assert refused.value.extra == {"needed": WELCOME + 1, "available": WELCOME}
    assert not Entry.objects.filter(organisation_id=payer).exists()
    reserve(payer, WELCOME)
    with pytest.raises(InsufficientCredits):
        reserve(payer, 1)
    assert figures(payer) == (0, WELCOME)


def test_the_same_reservation_twice_reserves_once_even_when_nothing_is_left(payer: UUID) -> None:
    about = reserve(payer, WELCOME)
    reserve(payer, WELCOME, about)
    assert figures(payer) == (0, WELCOME)


def test_every_part_is_charged_or_released_once(payer: UUID) -> None:
    about = reserve(payer, 12, quantity=3)
    for _ in range(2):
        settle(payer, about, [charge(4, 0), charge(4, 1), release(4, 2)])
    account = selectors.account_of(about.id)
    assert account is not None
    assert (account.price, account.charged, account.returned) == (4, 8, 4)
    assert (account.reason, account.open_parts) == ("failed", [])
    assert figures(payer) == (WELCOME - 8, 0)
    told = Outbox.objects.filter(type=CreditsMoved.TYPE, key=str(payer))
    assert told.count() == 3


def test_what_was_never_reserved_cannot_be_charged(payer: UUID) -> None:
    about = reserve(payer, 4)
    with pytest.raises(LedgerBroken):
        settle(payer, about, [charge(4), charge(4, 1)])
    assert figures(payer) == (WELCOME - 4, 4)


def test_credits_move_in_a_transaction_only(transactional_db: None) -> None:
    payer = make_organisation().pk
    with pytest.raises(RuntimeError):
        services.reserve(
            organisation_id=payer,
            subject=subject(),
            amount=1,
            quantity=1,
            correlation_id=new_id(),
        )


def test_an_amount_falls_into_equal_parts(payer: UUID) -> None:
    with pytest.raises(ValueError, match="equal parts"):
        reserve(payer, 7, quantity=2)


def test_a_grant_is_audited_and_announced_and_happens_once(payer: UUID) -> None:
    given = new_id()
    for _ in range(2):
        balance = services.grant(
            viewer=system("tests"), organisation_id=payer, amount=500, note="a gift", grant_id=given
        )
    assert balance.available == WELCOME + 500
    (told,) = AuditEntry.objects.filter(action="credits.granted", reason="a gift")
    assert told.before == {"available": WELCOME}
    assert told.after is not None
    assert told.after["available"] == WELCOME + 500
    assert Outbox.objects.filter(type=CreditsMoved.TYPE, key=str(payer)).count() == 1


def test_an_adjustment_takes_no_more_than_is_available(payer: UUID) -> None:
    reserve(payer, 9_000)
    viewer = viewer_of(make_user(staff=["policy_admin"]))
    with pytest.raises(Conflict) as refused:
        services.adjust(viewer=viewer, organisation_id=payer, amount=-1_001, note="mistake")
    assert refused.value.code == "adjustment_too_large"
    services.adjust(viewer=viewer, organisation_id=payer, amount=-1_000, note="mistake")
    assert figures(payer) == (0, 9_000)


def test_only_policy_admins_and_the_platform_give_credits(payer: UUID) -> None:
    for person in (make_user(), make_user(staff=["auditor"])):
        with pytest.raises(NotAllowed):
            services.grant(viewer=viewer_of(person), organisation_id=payer, amount=5, note="for me")


def test_a_grant_says_what_is_wrong_with_it(payer: UUID) -> None:
    viewer = system("tests")
    for amount, note in ((0, "x"), (-5, "x"), (5, "  ")):
        with pytest.raises(InvalidInput):
            services.grant(viewer=viewer, organisation_id=payer, amount=amount, note=note)
    with pytest.raises(NotFound):
        services.grant(viewer=viewer, organisation_id=new_id(), amount=5, note="x")


def test_the_command_grants_and_adjusts(payer: UUID, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("grant_credits", str(payer), "50", "--note", "paid", "--purchase")
    call_command("grant_credits", str(payer), "-20", "--note", "typo", "--adjust")
    assert f"{WELCOME + 30} available, 0 reserved" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no organisation"):
        call_command("grant_credits", "nobody", "50", "--note", "x")
    with pytest.raises(CommandError, match="range"):
        call_command("grant_credits", str(payer), "-20", "--note", "x")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger_entry SET amount = 1", "DELETE FROM ledger_entry"],
)
def test_the_database_refuses_to_change_an_entry(payer: UUID, statement: str) -> None:
    reserve(payer, 5)
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_totals_balance(payer: UUID) -> None:
    about = reserve(payer, 12, quantity=3)
    settle(payer, about, [charge(4, 0), release(4, 1)])
    found = totals()
    assert found.issued + found.available + found.reserved + found.earned == 0
    assert (found.available, found.reserved, found.earned) == (WELCOME - 8, 4, 4)
    assert list(drifts()) == []


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE ledger_entry SET amount = amount + 1 WHERE kind = 'charge'",
        "UPDATE ledger_entry SET available_after = 9 WHERE kind = 'release'",
        "DELETE FROM ledger_entry WHERE kind = 'charge'",
        "UPDATE ledger_entry SET subject_id = organisation_id WHERE kind = 'reserve'",
    ],
)
def test_a_tampered_entry_is_found(payer: UUID, tampering: str) -> None:
    about = reserve(payer, 8, quantity=2)
    settle(payer, about, [charge(4, 0), release(4, 1)])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only")
        cursor.execute(tampering)
    assert list(drifts())


@pytest.mark.django_db(transaction=True)
@override_settings(TIDEGATE_WELCOME_CREDITS=700)
def test_a_thousand_spendings_at_once_never_overdraw(transactional_db: None) -> None:
    payer = make_organisation().pk
    started = threading.Barrier(16)

    def spend(number: int) -> int:
        started.wait()
        done = 0
        for _ in range(64):
            try:
                reserve(payer, 1)
                done += 1
            except InsufficientCredits:
                pass
        return done

    assert sum(at_once(spend, threads=16)) == 700
    assert figures(payer) == (0, 700)
    assert list(drifts()) == []
    assert Entry.objects.filter(organisation_id=payer).count() == 701


@pytest.mark.django_db(transaction=True)
def test_one_reservation_by_many_at_once_is_one(transactional_db: None) -> None:
    payer, about = make_organisation().pk, subject()
    at_once(lambda _: reserve(payer, 30, about), threads=8)
    assert figures(payer) == (WELCOME - 30, 30)
