"""A second platform on servers that are somebody else's, and what its end leaves of those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.e2e.running import Platform, public_project, run_tidegate
from tidegate.stack.broker import SESSION_TIMEOUT_MS
from tidegate.stack.processes import wait_for
from tidegate.stack.state import Phase, StackState

pytestmark = pytest.mark.e2e

SERVERS = ("postgres", "valkey", "broker", "triton")
JUDGED_SECONDS = 400.0


@pytest.fixture
def given(stack: StackState, broker: str) -> Iterator[dict[str, str]]:
    """The first platform's servers: a database and a Valkey number of one's own, its Triton.

    Two platforms on one broker would take each other's events, so the broker is another one.
    """
    owner = Platform(stack)
    url = owner.environment["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute("CREATE DATABASE another")
        yield {
            "DATABASE_URL": url.replace("@/tidegate?", "@/another?"),
            "VALKEY_URL": owner.environment["VALKEY_URL"].removesuffix("/0") + "/1",
            "KAFKA_BOOTSTRAP_SERVERS": broker,
            "KAFKA_SESSION_TIMEOUT_MS": str(SESSION_TIMEOUT_MS),
            "TRITON_GRPC_URL": owner.environment["TRITON_GRPC_URL"],
        }
        administrator.execute("DROP DATABASE another WITH (FORCE)")


def test_a_platform_on_given_servers_works_and_leaves_them_alone(
    stack: StackState, given: dict[str, str], tmp_path: Path
) -> None:
    owner = Platform(stack)
    before = {name: owner.unit(name).pid for name in SERVERS}
    environment = {**given, "TIDEGATE_VAR_DIR": str(tmp_path / "var")}

    started = run_tidegate("up", **environment)
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        state = StackState.read(tmp_path / "var" / "stack.json")
        assert state is not None
        assert not state.units.keys() & {*SERVERS, "weights", "serving-environment"}
        assert "another" in run_tidegate("status", **environment).stdout
        tenant = Platform(state)
        creator = tenant.sign_in("creator")
        job = creator.post(
            "jobs",
            {
                "project_id": public_project(creator),
                "model": "smollm2-135m",
                "prompt": "Name one thing in the harbour.",
                "parameters": {"max_tokens": 4},
            },
        )
        assert wait_for(lambda: is_judged(tenant, job["id"]), seconds=JUDGED_SECONDS), job
        assert not owner.number("SELECT count(*) FROM generation_job WHERE id = %s", job["id"])
    finally:
        stopped = run_tidegate("down", **environment)

    assert "Tidegate has stopped." in stopped.stdout
    assert {name: owner.unit(name).pid for name in SERVERS} == before
    assert {owner.unit(name).phase for name in SERVERS} == {Phase.READY}


def is_judged(platform: Platform, job_id: str) -> bool:
    """Whether the job's output has been made, sent over the broker, and judged."""
    return bool(
        platform.number(
            "SELECT count(*) FROM moderation_verdict v JOIN assets_asset a ON a.id = v.asset_id"
            " WHERE a.job_id = %s",
            job_id,
        )
    )
