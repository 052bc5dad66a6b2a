"""SQL text that is made once, read and planned once, instead of at every call.

The ORM writes a query anew each time it is asked, and the database reads and plans it anew. For the
few statements that every request and every job pays for, that took longer than the work itself.
Rows go in and out as ordinary model instances; nothing here knows what they mean. No signal is
sent: the product uses none.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cache, partial
from typing import Any, TypeAlias, cast
from uuid import UUID, uuid4

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model, QuerySet
from django.db.models.expressions import DatabaseDefault
from django.db.models.fields import Field
from psycopg import Cursor, Pipeline
from psycopg.types.json import Json, Jsonb

Columns: TypeAlias = "tuple[Field[Any, Any], ...]"
Take: TypeAlias = "Callable[[CursorWrapper], object]"


@contextmanager
def prepared() -> Iterator[CursorWrapper]:
    """Give a cursor whose statements the server keeps, read and planned, with the connection.

    For texts that are always the same: every different one is kept, up to a hundred. Values go
    beside the text and not in it, so each `%s` must have a type that the server can tell from its
    place; one statement at a time. See `prepare_threshold` in the settings.
    """
    with closing(_cursor()) as cursor:
        yield cursor


@contextmanager
def together() -> Iterator[None]:
    """Send statements without waiting for each one's answer, inside a transaction.

    An answer that is read on the way is waited for, with all before it. What is read of the others
    (values that the database fills in, whether an update found its row) is read when the block
    ends, and until then an inserted row is to its model a new one; an error of any of them is
    raised there at the latest. Statements of the ORM are waited for, because it looks at how many
    rows they met. A block inside a block is part of that one.

    This is the pipeline mode of PostgreSQL's protocol:
    https://www.postgresql.org/docs/18/libpq-pipeline-mode.html

    Raises:
        RuntimeError: there is no transaction.
        DatabaseError: as the statements, perhaps later than by them.
    """
    if _pending.block is not None:
        yield
        return
    if not connection.in_atomic_block:
        raise RuntimeError("only the statements of a transaction travel together")
    connection.ensure_connection()
    block: list[tuple[CursorWrapper, Take]] = []
    _pending.block = block
    try:
        with (
            connection.wrap_database_errors,
            connection.connection.pipeline() as pipeline,
            connection.execute_wrapper(_waiting_for_the_orm(pipeline)),
        ):
            yield
        _pending.block = None  # whoever takes an answer may send statements again
        for cursor, take in block:
            take(cursor)
    finally:
        _pending.block = None
        for cursor, _ in block:
            cursor.close()


def run(sql: str, parameters: Sequence[Any] | Mapping[str, Any], take: Take) -> None:
    """Execute a statement of the kind that `prepared` is for, and give its answer to `take`.

    At once, or when the block of `together` has ended.
    """
    block = _pending.block
    if block is None:
        with prepared() as cursor:
            cursor.execute(sql, parameters)
            take(cursor)
    else:
        cursor = _cursor()
        block.append((cursor, take))  # first, so that the block closes it whatever happens
        cursor.execute(sql, parameters)


class Select:
    """A SELECT whose first columns are whole rows of models.

    In the text, `{name}` stands for all columns of the model given under that keyword, whose
    table must carry the same alias; columns of other kinds come after them::

        Select("SELECT {key}, now() FROM accounts_api_key AS key WHERE ...", key=ApiKey)
    """

    def __init__(self, text: str, **rows: type[Model]) -> None:
        self._text = text
        self._rows = rows
        self._sql = ""

    def first(self, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
        """Return the first row found: one instance per model, then the other values; or None.

        A model whose primary key is null (an outer join that found nothing) is None.
        """
        return next(iter(self.all(parameters)), None)

    def all(self, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return every row found, each as `first` gives it."""
        # Not when the module is imported: models are still being defined then.
        self._sql = self._sql or self._text.format(
            **{
                name: ", ".join(f'{name}."{field.column}"' for field in _columns(model))
                for name, model in self._rows.items()
            }
        )
        with prepared() as cursor:
            cursor.execute(self._sql, parameters)
            return [self._read(values) for values in cursor.fetchall()]

    def _read(self, values: Sequence[Any]) -> tuple[Any, ...]:
        found: list[Any] = []
        at = 0
        for model in self._rows.values():
            width = len(_columns(model))
            found.append(_instance(model, values[at : at + width]))
            at += width
        return (*found, *values[at:])


class Written:
    """A condition that the ORM writes once, for a `Select` to be put around.

    What it says stays in one place, as a query set; what is saved is writing it anew for every
    request. `build` is called once with stand-ins, and where these come out among the statement's
    values, later values go in. It must write the same text whatever the values are.
    """

    def __init__(
        self, build: Callable[..., QuerySet[Any]], around: str, **rows: type[Model]
    ) -> None:
        """Take what builds the query set, and the text with `{condition}` where it goes."""
        self._build = build
        self._around = around
        self._rows = rows
        self._kept: dict[tuple[str, ...], tuple[Select, tuple[Any, ...]]] = {}

    def all(self, **values: Any) -> list[tuple[Any, ...]]:
        """Return every row found, as `Select.all`.

        Each value is a UUID or a list of them, and never None: what may be missing is left out,
        and another statement is kept for what is given then.
        """
        shape = tuple(sorted(values))
        select, order = self._kept.get(shape) or self._write(values, shape)
        return select.all([values[part.name] if isinstance(part, _Gap) else part for part in order])

    def _write(
        self, values: Mapping[str, Any], shape: tuple[str, ...]
    ) -> tuple[Select, tuple[Any, ...]]:
        stand_ins = {
            name: [uuid4()] if isinstance(value, list) else uuid4()
            for name, value in values.items()
        }
        gaps = {_key(stand_in): _Gap(name) for name, stand_in in stand_ins.items()}
        condition, parameters = self._build(**stand_ins).query.sql_with_params()
        order = tuple(gaps.get(_key(part), part) for part in parameters)
        if {part.name for part in order if isinstance(part, _Gap)} != set(shape):
            raise ValueError(f"not every one of {', '.join(shape)} is in the condition as it is")
        # Braces and nothing else would be taken for the names of models.
        escaped = condition.replace("{", "{{").replace("}", "}}")
        select = Select(self._around.replace("{condition}", escaped), **self._rows)
        self._kept[shape] = (select, order)
        return select, order


@dataclass(frozen=True, slots=True)
class _Gap:
    name: str


def _key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def insert(row: Model) -> None:
    """Insert a new row with its own values; what the database fills in is read back.

    Raises:
        IntegrityError: as `Model.save`.
    """
    sql, values, filled = _insertion(row, "")
    run(sql, values, partial(_fill, row, filled))


def insert_all(rows: Sequence[Model]) -> None:
    """Insert new rows of one model, which give the same fields; one statement.

    What the database fills in is not read back.

    Raises:
        IntegrityError: as `Model.save`.
    """
    if not rows:
        return
    given = _given(rows[0])
    sql = _insertions_of(type(rows[0]), given)
    run(sql, [_document(rows, given, add=True)], lambda _: None)


def insert_unless_there(row: Model) -> bool:
    """Insert a new row unless one exists that a unique constraint lets be there only once.

    The row as given is left unsaved then, and the transaction goes on.
    """
    sql, values, filled = _insertion(row, "ON CONFLICT DO NOTHING")
    with prepared() as cursor:
        cursor.execute(sql, values)
        return _fill(row, filled, cursor)


def update(row: Model, *names: str) -> None:
    """Write these fields of a stored row, as `row.save(update_fields=names)`.

    Raises:
        DatabaseError: the row is not there.
    """
    fields, sql = _change(type(row), names)
    values = [
        field.get_db_prep_save(field.pre_save(row, add=False), connection=connection)
        for field in fields
    ]

    def found(cursor: CursorWrapper) -> None:
        if not cursor.rowcount:
            raise DatabaseError(f"there is no {row._meta.label} {row.pk} to update")  # noqa: SLF001

    run(sql, [*values, row.pk], found)


def update_all(rows: Sequence[Model], *names: str) -> None:
    """Write these fields of stored rows of one model, each row its own values; one statement.

    Raises:
        DatabaseError: not all of the rows are there.
    """
    if not rows:
        return
    model = type(rows[0])
    given, sql = _changes(model, names)

    def found(cursor: CursorWrapper) -> None:
        if cursor.rowcount != len(rows):
            raise DatabaseError(f"{cursor.rowcount} of {len(rows)} {model._meta.label} are there")  # noqa: SLF001

    run(sql, [_document(rows, given, add=False)], found)


class _Pending(threading.local):
    """What the block of this thread has sent and not read; None outside of one."""

    block: list[tuple[CursorWrapper, Take]] | None = None


_pending = _Pending()


def _cursor() -> CursorWrapper:
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    # As `connection.cursor()` does it, errors and query log included, but for the kind of cursor.
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    return wrap(cast("CursorWrapper", Cursor(connection.connection)))


def _waiting_for_the_orm(pipeline: Pipeline) -> Callable[..., Any]:
    def execute(
        call: Callable[..., Any], sql: str, parameters: Any, many: Any, context: dict[str, Any]
    ) -> Any:
        answer = call(sql, parameters, many, context)
        if type(context["cursor"].cursor) is not Cursor:
            pipeline.sync()
        return answer

    return execute


def _insertion(row: Model, otherwise: str) -> tuple[str, list[Any], Columns]:
    given = _given(row)
    sql, filled = _insertion_of(type(row), given, otherwise)
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection=connection)
        for field in given
    ]
    return sql, values, filled


def _given(row: Model) -> Columns:
    """Return the fields that the row has values for, and the database does not."""
    return tuple(
        field
        for field in _columns(type(row))
        if not isinstance(getattr(row, field.attname), DatabaseDefault)
    )


def _fill(row: Model, filled: Columns, cursor: CursorWrapper) -> bool:
    """Make the row the one that was inserted; False when none was."""
    values = cursor.fetchone()
    if values is None:
        return False
    for field, value in zip(filled, values, strict=False):
        setattr(row, field.attname, _converted(field, value))
    # What Model.save does.
    row._state.adding = False  # noqa: SLF001
    row._state.db = connection.alias  # noqa: SLF001
    return True


@cache
def _columns(model: type[Model]) -> Columns:
    return tuple(model._meta.concrete_fields)  # noqa: SLF001 - Django's public name


@cache
def _insertion_of(model: type[Model], given: Columns, otherwise: str) -> tuple[str, Columns]:
    filled = tuple(field for field in _columns(model) if field not in given)
    names = ", ".join(f'"{field.column}"' for field in given)
    marks = ", ".join(map(_mark, given))
    # Something always comes back: that a row came says that it was inserted.
    back = ", ".join(f'"{field.column}"' for field in filled) or "true"
    table = model._meta.db_table  # noqa: SLF001 - Django's public name
    sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks}) {otherwise} RETURNING {back}'  # noqa: S608 - our own names
    return sql, filled


def _mark(field: "Field[Any, Any]") -> str:
    """Where the field's value goes: some kinds say more than `%s`."""
    own = getattr(field, "get_placeholder", None)
    return "%s" if own is None else own(None, None, connection)


@cache
def _change(model: type[Model], names: tuple[str, ...]) -> tuple[Columns, str]:
    meta = model._meta  # noqa: SLF001 - Django's public name
    fields = tuple(field for name in names for field in _columns(model) if field.name == name)
    if len(fields) != len(names):
        raise ValueError(f"{meta.label} has not all of these fields: {', '.join(names)}")
    changes = ", ".join(f'"{field.column}" = {_mark(field)}' for field in fields)
    key = next(field.column for field in _columns(model) if field.primary_key)
    return fields, f'UPDATE "{meta.db_table}" SET {changes} WHERE "{key}" = %s'  # noqa: S608 - our own names


@cache
def _insertions_of(model: type[Model], given: Columns) -> str:
    names = ", ".join(f'"{field.column}"' for field in given)
    table = model._meta.db_table  # noqa: SLF001 - Django's public name
    return f'INSERT INTO "{table}" ({names}) SELECT {names} FROM {_rows_of(table)}'  # noqa: S608 - our own names


@cache
def _changes(model: type[Model], names: tuple[str, ...]) -> tuple[Columns, str]:
    """Return the fields that the statement is given of each row, its key among them."""
    table = model._meta.db_table  # noqa: SLF001 - Django's public name
    fields, _ = _change(model, names)
    key = next(field for field in _columns(model) if field.primary_key)
    changes = ", ".join(f'"{field.column}" = given."{field.column}"' for field in fields)
    return (key, *fields), (
        f'UPDATE "{table}" SET {changes} FROM {_rows_of(table)}'  # noqa: S608 - our own names
        f' WHERE "{table}"."{key.column}" = given."{key.column}"'
    )


def _rows_of(table: str) -> str:
    """Read rows of a table from one JSON document, with its columns' types and their limits.

    Arrays of values, one for each column, took the driver longer than all else about a row: it
    escapes text in them character by character.
    """
    return f'json_populate_recordset(NULL::"{table}", %s::json) AS given'


def _document(rows: Sequence[Model], given: Columns, *, add: bool) -> str:
    return json.dumps(
        [
            {
                field.column: _unwrapped(
                    field.get_db_prep_save(field.pre_save(row, add=add), connection=connection)
                )
                for field in given
            }
            for row in rows
        ],
        default=_as_text,
    )


def _unwrapped(value: Any) -> Any:
    """Return a JSON value as it is: the document is JSON too."""
    return value.obj if isinstance(value, Json | Jsonb) else value


def _as_text(value: object) -> str:
    """Return what PostgreSQL reads as the value.

    Raises:
        TypeError: it would not.
    """
    if isinstance(value, UUID | date | time | timedelta | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place among many rows")


def _instance(model: type[Model], values: Sequence[Any]) -> Model | None:
    fields = _columns(model)
    converted = [_converted(field, value) for field, value in zip(fields, values, strict=True)]
    row = model.from_db(connection.alias, [field.attname for field in fields], converted)
    return None if row.pk is None else row


def _converted(field: "Field[Any, Any]", value: Any) -> Any:
    for convert in _converters(field):
        value = convert(value, None, connection)
    return value


@cache
def _converters(field: "Field[Any, Any]") -> tuple[Any, ...]:
    return tuple(field.get_db_converters(connection))
