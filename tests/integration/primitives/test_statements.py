"""Statements whose text is made once."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests import factories as make
from tidegate.accounts.models import ApiKey, Organisation, User
from tidegate.primitives.ids import new_id
from tidegate.primitives.statements import Select, insert, insert_unless_there, prepared, update

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
