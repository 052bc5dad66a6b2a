from __future__ import annotations

import pytest

from tidegate.settings import env

COMPLETE = {
    "TIDEGATE_VAR_DIR": "/srv/tidegate",
    "DATABASE_URL": "postgresql://me:p%40ss@db.example:5433/gate?sslmode=require",
    "VALKEY_URL": "redis://valkey.example:6379/0",
    "KAFKA_BOOTSTRAP_SERVERS": "a.example:9092, b.example:9092",
    "TRITON_GRPC_URL": "triton.example:8001",
    "TIDEGATE_SECRET_KEY": "s" * 40,
}


def test_a_complete_environment_is_typed() -> None:
    environment = env.read(COMPLETE)
    assert environment.kafka.bootstrap_servers == ("a.example:9092", "b.example:9092")
    assert environment.kafka.session_timeout_ms == 45_000
    assert str(environment.audit_key_file) == "/srv/tidegate/keys/audit_ed25519.pem"
    assert environment.media is None
    assert environment.prepared_statements
    without = env.read({**COMPLETE, "TIDEGATE_PREPARED_STATEMENTS": "no"})
    assert not without.prepared_statements


@pytest.mark.parametrize("name", sorted(COMPLETE))
def test_a_missing_value_refuses_to_start_and_is_named(name: str) -> None:
    with pytest.raises(env.EnvironmentRefused, match=name):
        env.read({key: value for key, value in COMPLETE.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db.example/gate"),
        ("DATABASE_URL", "postgresql://db.example:five/gate"),
        ("VALKEY_URL", "amqp://broker.example"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a.example:9092,b.example"),
        ("KAFKA_TOPIC_REPLICATION", "three"),
        ("TRITON_GRPC_URL", "http://triton.example:8001"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("KAFKA_SESSION_TIMEOUT_MS", "six"),
        ("KAFKA_SSL_CAFILE", "/nowhere/ca.pem"),
        ("TIDEGATE_SECRET_KEY", "short"),
        ("TIDEGATE_VAR_DIR", "var"),
        ("TIDEGATE_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_malformed_value_is_named(name: str, value: str) -> None:
    with pytest.raises(env.EnvironmentRefused, match=name):
        env.read({**COMPLETE, name: value})


def test_sasl_needs_its_credentials() -> None:
    half = {**COMPLETE, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "PLAIN"}
    with pytest.raises(env.EnvironmentRefused, match="KAFKA_SASL_USERNAME"):
        env.read(half)


@pytest.mark.parametrize(
    ("url", "host", "port", "name", "password"),
    [
        (COMPLETE["DATABASE_URL"], "db.example", "5433", "gate", "p@ss"),
        ("postgresql://me@/gate?host=%2Frun%2Fpg", "/run/pg", "", "gate", ""),
    ],
)
def test_a_database_url_becomes_djangos_fields(
    url: str, host: str, port: str, name: str, password: str
) -> None:
    fields = env.database(url)
    assert (fields["HOST"], fields["PORT"], fields["NAME"], fields["PASSWORD"]) == (
        host,
        port,
        name,
        password,
    )


def test_other_options_of_a_database_url_reach_the_driver() -> None:
    assert env.database_options(COMPLETE["DATABASE_URL"]) == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("given", "for_clients", "for_celery"),
    [
        ("valkey://v.example:6379/1", "redis://v.example:6379/1", "redis://v.example:6379/1"),
        ("valkeys://:p@v.example/0", "rediss://:p@v.example/0", "rediss://:p@v.example/0"),
        (
            "unix://:p@/run/valkey.sock?db=2",
            "unix://:p@/run/valkey.sock?db=2",
            "redis+socket://:p@/run/valkey.sock?virtual_host=2",
        ),
    ],
)
def test_a_valkey_url_is_spelled_as_its_clients_know_it(
    given: str, for_clients: str, for_celery: str
) -> None:
    url = env.read({**COMPLETE, "VALKEY_URL": given}).valkey_url
    assert (url, env.celery_broker(url)) == (for_clients, for_celery)


def test_topics_are_made_as_the_deployment_wants_them() -> None:
    wanted = {"KAFKA_TOPIC_PARTITIONS": "12", "KAFKA_TOPIC_REPLICATION": "3"}
    kafka = env.read({**COMPLETE, **wanted}).kafka
    assert (kafka.partitions, kafka.replication) == (12, 3)
