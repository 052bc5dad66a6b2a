"""What each kind of given server is asked. Every question returns a note, or raises `NotUsable`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import psycopg
import redis
from psycopg.conninfo import make_conninfo
from redis.backoff import NoBackoff
from redis.retry import Retry

from generation.core.triton_control import LoadRefused, ModelServer, ServerAway
from tidegate.contracts.topics import Topic
from tidegate.settings import env
from tidegate.stack.given import NotUsable
from tidegate.streams.config import KafkaConfig
from tidegate.streams.probe import probe
from tidegate.streams.records import BrokerAway

_CONNECT_SECONDS = 5
_STARTING_SECONDS = 60.0
_PAUSE_SECONDS = 0.5
_NOT_YET = "the database system is "  # starting up, in recovery mode, shutting down …
# Unique constraints that take two NULLs for the same.
_OLDEST_POSTGRESQL = 150_000
_BY_AN_ADMINISTRATOR = "an administrator has to run CREATE EXTENSION vector in it once"


def database(url: str) -> str:
    """Whether PostgreSQL answers, has pgvector, and lets us make tables."""
    fields = env.database(url)
    options = {
        **env.database_options(url),
        "dbname": fields["NAME"],
        "user": fields["USER"],
        "password": fields["PASSWORD"],
        "host": fields["HOST"],
        "port": fields["PORT"],
        "connect_timeout": str(_CONNECT_SECONDS),
    }
    conninfo = make_conninfo("", **{name: value for name, value in options.items() if value})
    try:
        with _connected(conninfo, seconds=_STARTING_SECONDS) as connection:
            _ask_database(connection)
            # The extension that was made to see whether we may is not to stay.
            connection.rollback()
    except psycopg.Error as error:
        raise NotUsable(_one_line(error)) from error
    return ""


def valkey(url: str) -> str:
    """Whether Valkey answers and lets us write."""
    client: Any = redis.Redis.from_url(
        url,
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_timeout=_CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client:
            client.set("tidegate:probe", "1", px=1)
    except (redis.RedisError, OSError) as error:
        raise NotUsable(_one_line(error)) from error
    return ""


def broker(given: env.Kafka) -> str:
    """Whether the broker answers, with the credentials given, and has our topics or makes them."""
    config = KafkaConfig(
        bootstrap_servers=given.bootstrap_servers,
        security_protocol=given.security_protocol,
        sasl_mechanism=given.sasl_mechanism,
        sasl_username=given.sasl_username,
        sasl_password=given.sasl_password,
        ssl_cafile=given.ssl_cafile,
        partitions=given.partitions,
        replication=given.replication,
    )
    try:
        probe(config, Topic)
    except BrokerAway as error:
        raise NotUsable(
            f"{error} (KAFKA_SECURITY_PROTOCOL is {given.security_protocol}, "
            f"KAFKA_SASL_MECHANISM {given.sasl_mechanism or 'not set'})"
        ) from error
    return ""


def triton(url: str, models: Sequence[str]) -> str:
    """Whether Triton answers over gRPC; notes the models that it does not hold now."""
    try:
        with ModelServer(url) as server:
            held = server.state().models
    except (ServerAway, LoadRefused) as error:
        raise NotUsable(_one_line(error)) from error
    missing = [name for name in models if name not in held or not held[name].is_ready]
    return f"not loaded there now: {', '.join(missing)}" if missing else ""


def _connected(conninfo: str, *, seconds: float) -> psycopg.Connection[Any]:
    """Connect; wait while the server answers that it does not take connections yet.

    A refused connection has no error code, only the server's words; one that speaks another
    language is not waited for.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return psycopg.connect(conninfo)
        except psycopg.OperationalError as error:
            if _NOT_YET not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


def _ask_database(connection: psycopg.Connection[Any]) -> None:
    """Raise `NotUsable` for what the migrations could not do; leaves the transaction open."""
    version = connection.info.server_version
    if version < _OLDEST_POSTGRESQL:
        raise NotUsable(f"it is PostgreSQL {version // 10_000}; 15 or newer is needed")
    row = connection.execute(
        "SELECT current_setting('server_encoding'), pg_is_in_recovery(), current_user,"
        " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),"
        " EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector'),"
        " EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')"
    ).fetchone()
    if row is None:
        raise NotUsable("it does not describe itself")
    encoding, is_replica, user, may_create, has_vector, vector_is_made = row
    if encoding != "UTF8":
        raise NotUsable(f"the database's encoding is {encoding}; UTF8 is needed")
    if is_replica:
        raise NotUsable("it is a replica, which cannot be written to")
    if not may_create:
        raise NotUsable(f"{user} may not make tables in it: make {user} the database's owner")
    if vector_is_made:
        return
    if not has_vector:
        raise NotUsable("the server has no pgvector: install it beside PostgreSQL")
    try:
        connection.execute("CREATE EXTENSION vector")
    except psycopg.errors.InsufficientPrivilege as error:
        raise NotUsable(
            f"pgvector is not in the database and {user} may not add it: {_BY_AN_ADMINISTRATOR}"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
