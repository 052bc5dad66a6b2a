"""The servers that the environment gives instead of the embedded ones, asked before a start.

Our processes wait for a server that went away, for ever if need be. That is right while they run
and wrong for a person who mistyped an address: so `up` asks once, and says what to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tidegate.settings import env
from tidegate.stack.state import StackState
from tidegate.stack.triton import REPOSITORIES, models_in

# What reads as an address in `env.read` where a server is embedded; nothing connects there.
_EMBEDDED = {
    "DATABASE_URL": "postgresql://embedded/embedded",
    "VALKEY_URL": "redis://embedded",
    "KAFKA_BOOTSTRAP_SERVERS": "embedded:1",
    "TRITON_GRPC_URL": "embedded:1",
    "TIDEGATE_SECRET_KEY": "made-before-the-first-process-starts",
}
UNITS = {
    "DATABASE_URL": "postgres",
    "VALKEY_URL": "valkey",
    "KAFKA_BOOTSTRAP_SERVERS": "broker",
    "TRITON_GRPC_URL": "triton",
}


class NotUsable(RuntimeError):
    """A given server cannot be used; the message says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Given:
    """One server that is not ours: the variable that names it, where it is, what was found.

    `address` has no password in it. `problem` is empty when the server can be used; `note` is
    worth knowing all the same.
    """

    variable: str
    address: str
    problem: str = ""
    note: str = ""


def given_in(environ: Mapping[str, str]) -> tuple[Given, ...]:
    """Return the servers that the environment gives, without asking them."""
    return tuple(
        Given(variable, _without_password(environ[variable]))
        for variable in UNITS
        if environ.get(variable)
    )


def ask(environ: Mapping[str, str], *, root: Path) -> tuple[Given, ...]:
    """Ask every given server at the same time whether it can be used; about ten seconds at most.

    A database that is still starting is waited for, up to a minute. The broker's topics are made
    if they are missing.

    Raises:
        EnvironmentRefused: a variable is malformed.
    """
    servers = given_in(environ)
    if not servers:
        return ()
    read = env.read(
        {
            **_EMBEDDED,
            "TIDEGATE_VAR_DIR": str(root),
            **{name: value for name, value in environ.items() if value},
            # A file of ours, made at the first start.
            "TIDEGATE_SECRET_KEY_FILE": "",
        }
    )
    # Four client libraries are loaded only where somebody's own servers are used.
    from tidegate.stack import inquiries

    questions: Mapping[str, Callable[[], str]] = {
        "DATABASE_URL": lambda: inquiries.database(read.database_url),
        "VALKEY_URL": lambda: inquiries.valkey(read.valkey_url),
        "KAFKA_BOOTSTRAP_SERVERS": lambda: inquiries.broker(read.kafka),
        "TRITON_GRPC_URL": lambda: inquiries.triton(
            read.triton_grpc_url, models_in([root / name for name in REPOSITORIES])
        ),
    }

    def answer(server: Given) -> Given:
        try:
            note = questions[server.variable]()
        except NotUsable as problem:
            return Given(server.variable, server.address, problem=str(problem))
        return Given(server.variable, server.address, note=note)

    with ThreadPoolExecutor(len(servers)) as pool:
        return tuple(pool.map(answer, servers))


def given_in_use(state: StackState) -> tuple[Given, ...]:
    """Return the servers that a running stack uses and does not run."""
    return tuple(
        server
        for server in given_in(state.environment)
        if UNITS[server.variable] not in state.units
    )


def changed(now: Mapping[str, str], started_with: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that name another server now than when the running stack started."""
    return tuple(
        variable for variable in UNITS if now.get(variable, "") not in {"", started_with[variable]}
    )


def _without_password(address: str) -> str:
    """Return the address as it may be shown."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    who, at, where = parts.netloc.rpartition("@")
    # A query may hold a password, too.
    return f"{parts.scheme}://{who.partition(':')[0]}{at}{where}{parts.path}"
