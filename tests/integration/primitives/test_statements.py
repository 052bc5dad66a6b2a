"""Statements whose text is made once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import RawSQL
from django.test.utils import CaptureQueriesContext

from tests import factories as make
from tidegate.accounts.models import ApiKey, Organisation, User
from tidegate.primitives.ids import new_id
from tidegate.primitives.statements import (
    Select,
    Written,
    insert,
    insert_all,
    insert_unless_there,
    prepared,
    run,
    together,
    update,
    update_all,
)

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

pytestmark = pytest.mark.django_db

KEY = Select(
    "SELECT {key}, {creator}, 7 FROM accounts_api_key AS key"
    " LEFT JOIN accounts_user AS creator ON creator.id = key.created_by_id AND creator.email = %s"
    " WHERE key.id = %s",
    key=ApiKey,
    creator=User,
)


def organisation(name: str) -> Organisation:
    return Organisation(name=name, slug=name, kind=Organisation.Kind.COMPANY)


def test_an_inserted_row_is_the_one_that_the_orm_reads() -> None:
    row = organisation("statements")
    insert(row)
    read = Organisation.objects.get(pk=row.pk)
    fields = [field.attname for field in Organisation._meta.concrete_fields]
    assert {name: getattr(row, name) for name in fields} == {
        name: getattr(read, name) for name in fields
    }
    row.name = "changed"
    row.save()
    assert Organisation.objects.get(pk=row.pk).name == "changed"


def test_an_update_writes_the_fields_it_names_and_no_others() -> None:
    row = organisation("updated")
    insert(row)
    row.name, row.slug = "new", "unwritten"
    update(row, "name")
    read = Organisation.objects.get(pk=row.pk)
    assert (read.name, read.slug) == ("new", "updated")
    row.delete()
    row.pk = new_id()
    with pytest.raises(DatabaseError, match=r"there is no accounts\.Organisation"):
        update(row, "name")
    with pytest.raises(ValueError, match="nonsense"):
        update(row, "name", "nonsense")


def test_many_rows_are_inserted_and_changed_each_with_its_own_values() -> None:
    rows = [organisation(f"of many {number}") for number in range(3)]
    insert_all(rows)
    for number, row in enumerate(rows):
        row.name, row.slug = f"changed {number}", "unwritten"
    update_all(rows, "name")
    read = Organisation.objects.in_bulk([row.pk for row in rows])
    assert [(read[row.pk].name, read[row.pk].slug) for row in rows] == [
        (f"changed {number}", f"of many {number}") for number in range(3)
    ]
    rows[1].pk = new_id()
    with pytest.raises(DatabaseError, match=r"2 of 3 accounts\.Organisation"):
        update_all(rows, "name")
    insert_all([])
    update_all([], "name")


def test_what_a_column_refuses_is_not_cut_to_fit() -> None:
    row = organisation("x" * 5_000)
    with pytest.raises(DataError), transaction.atomic():
        insert_all([row])
    with pytest.raises(DataError), transaction.atomic():
        insert(row)


def test_a_row_is_inserted_once() -> None:
    row = organisation("twice")
    insert(row)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(row)


def test_a_row_that_is_there_is_left_and_the_transaction_goes_on() -> None:
    first, second = organisation("there"), organisation("there")
    assert insert_unless_there(first)
    assert not insert_unless_there(second)
    assert [row.pk for row in Organisation.objects.filter(slug="there")] == [first.pk]


def test_selected_rows_are_instances_with_every_type_converted() -> None:
    account = make.make_account("statements@example.test")
    key, _ = make.make_key(account.organisation, creator=account.user)
    found = KEY.first([account.user.email, key.pk])
    assert found is not None
    read, creator, seven = found
    expected = ApiKey.objects.get(pk=key.pk)
    names = [field.attname for field in ApiKey._meta.concrete_fields]
    assert [getattr(read, name) for name in names] == [getattr(expected, name) for name in names]
    assert (creator, seven) == (account.user, 7)


def test_a_join_that_found_nothing_gives_none() -> None:
    account = make.make_account("statements@example.test")
    key, _ = make.make_key(account.organisation, creator=account.user)
    found = KEY.first(["nobody@example.test", key.pk])
    assert found is not None
    assert found[1] is None


def test_no_row_is_none() -> None:
    assert KEY.first(["", new_id()]) is None


def test_a_condition_is_written_once_and_asked_with_every_value() -> None:
    written: list[str] = []

    def named(*, ids: list[UUID], but: UUID | None = None) -> QuerySet[Any, Any]:
        written.append("once")
        among = RawSQL("SELECT unnest(%s::uuid[])", (ids,))  # our own text
        found = Organisation.objects.filter(kind=Organisation.Kind.COMPANY, pk__in=among)
        return found if but is None else found.exclude(pk=but)

    one, two, three = (organisation(f"braces-{{name}}-{number}") for number in range(3))
    insert_all([one, two, three])
    query = Written(
        lambda **given: named(**given).values("pk"),
        "SELECT {found} FROM accounts_organisation AS found WHERE id IN ({condition}) ORDER BY id",
        found=Organisation,
    )
    for ids in ([one.pk, two.pk], [three.pk], []):
        assert [row.pk for (row,) in query.all(ids=ids)] == ids
    assert [row.pk for (row,) in query.all(ids=[one.pk, two.pk], but=one.pk)] == [two.pk]
    assert [row.pk for (row,) in query.all(ids=[one.pk, two.pk], but=two.pk)] == [one.pk]
    assert len(written) == 2  # one text for each set of values given


def test_a_value_that_does_not_reach_the_condition_is_refused() -> None:
    query = Written(
        lambda **_: Organisation.objects.values("pk"),
        "SELECT {found} FROM accounts_organisation AS found WHERE id IN ({condition})",
        found=Organisation,
    )
    with pytest.raises(ValueError, match="user_id"):
        query.all(user_id=new_id())


def test_a_prepared_statement_is_kept_by_the_server_and_counts_as_a_query() -> None:
    text = "SELECT %s::int + 40"
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            with prepared() as cursor:
                cursor.execute(text, [2])
                assert cursor.fetchone() == (42,)
    assert len(queries) == 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert text.replace("%s", "$1") in {row[0] for row in cursor.fetchall()}


def test_statements_that_travel_together_are_answered_when_the_block_ends() -> None:
    row, answers = organisation("together"), []
    with transaction.atomic(), together():
        insert(row)
        run("SELECT %s::int", [7], lambda cursor: answers.append(cursor.fetchone()))
        row.name = "changed"
        update(row, "name")
        assert answers == []  # nobody waited
        assert not insert_unless_there(organisation("together"))  # this one is read, so all are
    assert answers == [(7,)]
    read = Organisation.objects.get(slug="together")
    assert (read.name, read.created_at) == ("changed", row.created_at)


def insert_together(*rows: Organisation) -> None:
    with transaction.atomic(), together():
        for row in rows:
            insert(row)


def change_together(there: Organisation, nowhere: Organisation) -> None:
    with transaction.atomic(), together():
        insert(there)
        update(nowhere, "name")


def test_an_error_of_one_that_travelled_is_raised_at_the_end_and_nothing_stays() -> None:
    insert(organisation("taken"))
    with pytest.raises(IntegrityError, match="taken"):
        insert_together(organisation("before"), organisation("taken"), organisation("after"))
    with pytest.raises(DatabaseError, match="there is no"):
        change_together(organisation("before"), organisation("nowhere"))
    assert not Organisation.objects.filter(slug__in=["before", "after"]).exists()


def test_whoever_takes_an_answer_may_send_statements_and_end_it_all() -> None:
    def refuse(cursor: CursorWrapper) -> None:
        assert cursor.fetchone() == (1,)
        assert Organisation.objects.filter(slug="refused").exists()
        raise ValueError("refused")

    def ask() -> None:
        with transaction.atomic(), together():
            run("SELECT 1", [], refuse)
            insert(organisation("refused"))

    with pytest.raises(ValueError, match="refused"):
        ask()
    assert not Organisation.objects.filter(slug="refused").exists()


def test_the_orm_counts_rightly_among_those_that_travel() -> None:
    with transaction.atomic(), together():
        insert(organisation("counted"))
        found = Organisation.objects.filter(slug="counted")
        assert found.update(name="by the ORM") == 1
        assert Organisation.objects.filter(slug="nobody").update(name="x") == 0
        with together():  # part of the block around it
            row = found.get()
            row.name = "saved"
            row.save()
    assert found.get().name == "saved"


@pytest.mark.django_db(transaction=True)
def test_only_what_is_in_a_transaction_travels_together() -> None:
    with pytest.raises(RuntimeError, match="transaction"), together():
        pytest.fail("the block began")
    answers: list[object] = []
    run("SELECT 1", [], lambda cursor: answers.append(cursor.fetchone()))
    assert answers == [(1,)]  # alone, it is answered at once
