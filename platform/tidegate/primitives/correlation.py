"""The one causal id: from a prompt over its job, asset and verdict to what people see."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from uuid import UUID

import structlog

from tidegate.primitives.ids import new_id

_current: ContextVar[UUID | None] = ContextVar("correlation_id", default=None)


def correlation_id() -> UUID:
    """Return the bound id, or a new one where nothing is bound: then a chain starts here."""
    return _current.get() or new_id()


@contextmanager
def bind(value: UUID) -> Iterator[UUID]:
    """Let everything inside (audit entries, events, log lines) carry this id."""
    token = _current.set(value)
    try:
        with structlog.contextvars.bound_contextvars(correlation_id=str(value)):
            yield value
    finally:
        _current.reset(token)


def begin(value: UUID) -> Token[UUID | None]:
    """Bind an id from here on, where no block encloses what follows; `end` takes the token."""
    structlog.contextvars.bind_contextvars(correlation_id=str(value))
    return _current.set(value)


def end(token: Token[UUID | None]) -> None:
    """Undo `begin`: a thread that serves one request after the other starts each afresh."""
    structlog.contextvars.unbind_contextvars("correlation_id")
    _current.reset(token)
