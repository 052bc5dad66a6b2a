"""A fake of sudden death: a process does something and is killed before its nth statement.

The killing is real (SIGKILL, nothing is tidied up); what is a fake is that it strikes so exactly.
"""

import os
import signal
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import psycopg
from django.db import connections


def dies_before(statement: int, action: Callable[[], object]) -> bool:
    """Do something in a process that is killed before it sends its nth statement; 1 is the first.

    Committing counts as a statement, too: the last moment at which nothing has happened.

    Returns whether it was killed; False where it needs fewer statements, and so was done.

    Raises:
        RuntimeError: it failed by itself.
    """
    # A connection that two processes share belongs to none of them.
    connections.close_all()
    child = os.fork()
    if child == 0:
        _run(statement, action)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if os.WEXITSTATUS(status):
        raise RuntimeError("what was to be interrupted failed by itself; its words are above")
    return False


def every_death(action: Callable[[], object], *, most: int = 1_000) -> Iterator[int]:
    """Kill it before each of its statements in turn; ends when it was done once.

    Gives the number of the statement after each death, so that the caller looks around.
    """
    for statement in count(1):
        if statement > most:
            raise RuntimeError(f"it was not done within {most} statements")
        if not dies_before(statement, action):
            return
        yield statement


def _run(statement: int, action: Callable[[], object]) -> None:
    """Do it in the child, which never comes back from here."""
    sent = 0
    execute = psycopg.Cursor.execute

    def counted(self: psycopg.Cursor[Any], *given: Any, **named: Any) -> psycopg.Cursor[Any]:
        nonlocal sent
        sent += 1
        if sent == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(self, *given, **named)

    commit = psycopg.Connection.commit

    def committed(self: psycopg.Connection[Any]) -> None:
        nonlocal sent
        sent += 1
        if sent == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self)

    try:
        psycopg.Connection.commit = committed  # type: ignore[method-assign]
        psycopg.Cursor.execute = counted  # type: ignore[method-assign, assignment]
        action()
    except BaseException:  # noqa: BLE001  # a child that goes on would run the parent's tests
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)
