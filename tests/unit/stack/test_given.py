"""Servers that the environment gives: what is shown of them, and what has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.settings.env import EnvironmentRefused
from tidegate.stack import given
from tidegate.stack.state import Phase, StackState, UnitState

ENVIRONMENT = {
    "DATABASE_URL": "postgresql://me:secret@db.example:5433/gate?sslpassword=secret",
    "VALKEY_URL": "rediss://:secret@valkey.example/1",
    "KAFKA_BOOTSTRAP_SERVERS": "a.example:9092,b.example:9092",
    "TRITON_GRPC_URL": "triton.example:8001",
}


def test_an_address_is_shown_without_its_password() -> None:
    shown = {server.variable: server.address for server in given.given_in(ENVIRONMENT)}
    assert shown == {
        "DATABASE_URL": "postgresql://me@db.example:5433/gate",
        "VALKEY_URL": "rediss://@valkey.example/1",
        "KAFKA_BOOTSTRAP_SERVERS": "a.example:9092,b.example:9092",
        "TRITON_GRPC_URL": "triton.example:8001",
    }


def test_nothing_is_asked_where_nothing_is_given(tmp_path: Path) -> None:
    assert given.ask({"DATABASE_URL": ""}, root=tmp_path) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "db.example/gate"),
        ("DATABASE_URL", "postgresql://db.example"),
        ("DATABASE_URL", "postgresql://db.example:five/gate"),
        ("VALKEY_URL", "valkey.example:6379"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka.example"),
        ("TRITON_GRPC_URL", "http://triton.example:8001"),
    ],
)
def test_a_malformed_address_is_refused_before_anybody_is_asked(
    name: str, value: str, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentRefused, match=name):
        given.ask({name: value}, root=tmp_path)


def test_another_server_than_the_running_stack_uses_is_noticed() -> None:
    started_with = {**ENVIRONMENT, "VALKEY_URL": "redis://127.0.0.1:20000/0"}
    assert given.changed({}, started_with) == ()
    assert given.changed(ENVIRONMENT, started_with) == ("VALKEY_URL",)


def test_a_running_stack_tells_its_own_servers_from_those_it_was_given() -> None:
    state = StackState(
        supervisor=7,
        supervisor_created=1.5,
        started_at=2.5,
        environment=ENVIRONMENT,
        units={"postgres": UnitState("PostgreSQL", Phase.READY)},
    )
    assert [server.variable for server in given.given_in_use(state)] == [
        "VALKEY_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
        "TRITON_GRPC_URL",
    ]
