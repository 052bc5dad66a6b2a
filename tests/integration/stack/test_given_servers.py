"""Servers that the environment gives are asked before a start, and what is wrong is said."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from tests.integration.stack.relays import accepting, starting_database, tls
from tidegate.stack import given, inquiries, ports
from tidegate.stack.broker import Broker
from tidegate.stack.places import CHECKOUT
from tidegate.stack.postgres import Postgres
from tidegate.stack.processes import running
from tidegate.streams.config import KafkaConfig
from tidegate.streams.producer import Producer
from tidegate.streams.records import Outgoing

NOBODY = f"{ports.LOOPBACK}:1"


def problem(**environment: str) -> str:
    """Ask the one server that is given, and return what is wrong with it."""
    (server,) = given.ask(environment, root=CHECKOUT)
    return server.problem


@pytest.fixture
def database(postgres: Postgres) -> Iterator[psycopg.Connection[object]]:
    """The administrator's connection to a database that belongs to somebody with few rights."""
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as administrator:
        administrator.execute("CREATE ROLE tenant LOGIN")
        administrator.execute("CREATE DATABASE rented OWNER tenant")
        try:
            with psycopg.connect(postgres.url_of("rented"), autocommit=True) as inside:
                yield inside
        finally:
            administrator.execute("DROP DATABASE rented")
            administrator.execute("DROP ROLE tenant")


def test_a_database_without_pgvector_names_what_an_administrator_has_to_do(
    database: psycopg.Connection[object], postgres: Postgres
) -> None:
    url = postgres.url_of("rented").replace("//tidegate@", "//tenant@")
    assert "an administrator has to run CREATE EXTENSION vector" in problem(DATABASE_URL=url)

    database.execute("CREATE EXTENSION vector")
    assert problem(DATABASE_URL=url) == ""

    database.execute("ALTER SCHEMA public OWNER TO tidegate")
    database.execute("ALTER DATABASE rented OWNER TO tidegate")
    assert "tenant may not make tables in it" in problem(DATABASE_URL=url)


def test_asking_an_empty_database_leaves_it_empty(
    database: psycopg.Connection[object], postgres: Postgres
) -> None:
    assert problem(DATABASE_URL=postgres.url_of("rented")) == ""
    assert database.execute("SELECT FROM pg_extension WHERE extname = 'vector'").fetchone() is None


def test_a_database_that_is_not_there_is_named(postgres: Postgres) -> None:
    assert 'database "nowhere" does not exist' in problem(DATABASE_URL=postgres.url_of("nowhere"))


def test_a_database_that_is_starting_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiries, "_PAUSE_SECONDS", 0.0)
    with accepting() as listener:
        port = listener.getsockname()[1]
        server = threading.Thread(target=starting_database, args=(listener, 3))
        server.start()
        said = problem(DATABASE_URL=f"postgresql://{ports.LOOPBACK}:{port}/gate")
        server.join()
    assert "Connection refused" in said, "it gave up before the server had done starting"


def test_a_database_that_does_not_end_starting_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inquiries, "_STARTING_SECONDS", 0.0)
    with accepting() as listener:
        port = listener.getsockname()[1]
        server = threading.Thread(target=starting_database, args=(listener, 1))
        server.start()
        said = problem(DATABASE_URL=f"postgresql://{ports.LOOPBACK}:{port}/gate")
        server.join()
    assert "the database system is starting up" in said


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABASE_URL": f"postgresql://me@{NOBODY}/gate"},
        {"VALKEY_URL": f"redis://{NOBODY}/0"},
        {"KAFKA_BOOTSTRAP_SERVERS": NOBODY},
        {"TRITON_GRPC_URL": NOBODY},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_an_address_where_nobody_listens_is_said_to_be_one(environment: dict[str, str]) -> None:
    assert "Connection refused" in problem(**environment)


def test_what_speaks_something_else_is_not_taken_for_a_broker(valkey: str) -> None:
    address = valkey.removeprefix("redis://").removesuffix("/0")
    assert "KAFKA_SECURITY_PROTOCOL is PLAINTEXT" in problem(KAFKA_BOOTSTRAP_SERVERS=address)


@pytest.fixture
def silenced() -> Iterator[None]:
    """The client's log is silenced, as consumers and the relay do."""
    client = logging.getLogger("kafka")
    level = client.level
    client.setLevel(logging.CRITICAL)
    yield
    client.setLevel(level)


@pytest.mark.usefixtures("silenced")
def test_a_broker_without_sasl_refuses_credentials_and_says_so(broker: str) -> None:
    said = problem(
        KAFKA_BOOTSTRAP_SERVERS=broker,
        KAFKA_SECURITY_PROTOCOL="SASL_PLAINTEXT",
        KAFKA_SASL_MECHANISM="PLAIN",
        KAFKA_SASL_USERNAME="tide",
        KAFKA_SASL_PASSWORD="gate",
    )
    assert "UnsupportedSaslMechanism" in said


def test_a_number_that_valkey_does_not_have_is_refused(valkey: str) -> None:
    assert problem(VALKEY_URL=valkey) == ""
    assert "DB index is out of range" in problem(VALKEY_URL=valkey.removesuffix("0") + "99")


def test_records_travel_over_tls_to_a_broker_whose_certificate_is_trusted(tmp_path: Path) -> None:
    outside = ports.any_free()
    server = Broker(
        ports.any_free(), tmp_path, tmp_path / "broker.log", advertised=f"127.0.0.1:{outside}"
    )
    with running(server), tls(tmp_path, port=outside, behind=server.port) as certificate:
        address = f"{ports.LOOPBACK}:{outside}"
        secure = {"KAFKA_BOOTSTRAP_SERVERS": address, "KAFKA_SECURITY_PROTOCOL": "SSL"}
        assert "certificate verify failed" in problem(**secure)
        secure["KAFKA_SSL_CAFILE"] = str(certificate)
        assert problem(**secure) == ""
        with Producer(KafkaConfig.from_env(secure)) as producer:
            placed = producer.send_all([Outgoing("tidegate.assets", b"key", b"value", ())])
    assert [record.topic for record in placed] == ["tidegate.assets"]


def test_valkey_is_reached_over_tls_only_with_a_trusted_certificate(
    valkey: str, tmp_path: Path
) -> None:
    outside = ports.any_free()
    behind = int(valkey.rpartition(":")[2].partition("/")[0])
    with tls(tmp_path, port=outside, behind=behind) as certificate:
        url = f"rediss://{ports.LOOPBACK}:{outside}/0"
        trusting = f"{url}?ssl_ca_certs={certificate}"
        assert "certificate verify failed" in problem(VALKEY_URL=url)
        assert problem(VALKEY_URL=trusting) == ""
        # As the settings have Celery connect.
        required = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
        with Connection(url, ssl=required) as celery, pytest.raises(OperationalError):
            celery.ensure_connection(max_retries=1)
        with Connection(trusting, ssl=required) as celery:
            celery.ensure_connection(max_retries=1)
