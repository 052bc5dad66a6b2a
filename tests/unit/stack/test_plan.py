from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.stack.places import Places
from tidegate.stack.plan import PORT_NAMES, Plan, PlanRefused, make_plan, worker_places

PLACES = Places(var=Path("/srv/tidegate"), models=Path("/srv/models"))
PORTS = {name: 20_000 + number for number, name in enumerate(PORT_NAMES)}


def plan(**environ: str) -> Plan:
    return make_plan(PLACES, PORTS, environ)


def test_everything_is_embedded_by_default() -> None:
    assert {"postgres", "valkey", "broker", "triton", "web", "relay", "beat"} <= names(plan())


def test_a_given_url_replaces_the_embedded_server_and_is_passed_on() -> None:
    given = {
        "DATABASE_URL": "postgresql://db.example/gate",
        "VALKEY_URL": "redis://valkey.example/0",
        "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
        "TRITON_GRPC_URL": "triton.example:8001",
    }
    made = plan(**given, KAFKA_SASL_USERNAME="me")
    embedded = {"postgres", "valkey", "broker", "triton", "weights", "serving-environment"}
    assert not names(made) & embedded
    assert given.items() <= made.environment.items()
    assert made.environment["KAFKA_SASL_USERNAME"] == "me"
    assert "KAFKA_SESSION_TIMEOUT_MS" not in made.environment


def test_the_pages_wait_for_the_database_only() -> None:
    made = plan()
    assert needs_of(made, "web") == {"postgres"}


def test_a_group_joins_in_three_seconds_on_the_embedded_broker() -> None:
    assert plan().environment["KAFKA_SESSION_TIMEOUT_MS"] == "6000"


def test_a_queue_gets_as_many_places_as_the_environment_says() -> None:
    usual = worker_places({})
    assert worker_places({"TIDEGATE_WORKERS_IMAGE": "8"}) == usual | {"generation.image": 8}


@pytest.mark.parametrize("value", ["0", "many", "-1", "257"])
def test_a_number_of_places_that_makes_no_sense_is_refused_by_name(value: str) -> None:
    with pytest.raises(PlanRefused, match="TIDEGATE_WORKERS_TEXT"):
        worker_places({"TIDEGATE_WORKERS_TEXT": value})


def test_who_makes_something_comes_first_then_who_tells_of_it_then_what_nobody_waits_for() -> None:
    ours = ("consumer-", "worker-", "web", "relay", "beat")
    niceness = {
        unit.name: unit.server.program().niceness
        for unit in plan().units
        if unit.name.startswith(ours)
    }
    telling = {"relay", "consumer-moderation", "consumer-progress"}
    unhurried = {
        *("worker-default", "beat"),
        *("consumer-credits", "consumer-compositions", "consumer-recommendations"),
    }
    assert {name for name, value in niceness.items() if value == 0} == (
        niceness.keys() - telling - unhurried
    )
    assert 0 < niceness["relay"] < niceness["beat"]
    for group in (telling, unhurried):
        assert len({niceness[name] for name in group}) == 1


def names(made: Plan) -> set[str]:
    return {unit.name for unit in made.units}


def needs_of(made: Plan, name: str) -> set[str]:
    direct = {unit.name: set(unit.needs) for unit in made.units}
    found: set[str] = set()
    open_needs = direct[name]
    while open_needs:
        found |= open_needs
        open_needs = set().union(*(direct[need] for need in open_needs)) - found
    return found
