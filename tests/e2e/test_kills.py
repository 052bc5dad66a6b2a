"""Workers, Triton and Valkey are killed at random while jobs are in flight, as often as one likes.

A few times with the other tests; `make test-kills KILLS=500` for the figure in the notes.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.e2e.running import RESTART_SECONDS, Platform, company_project, public_project
from tests.e2e.test_chaos import assets_per_job, describe, is_settled, outcomes, unfinished
from tidegate.stack.demo_client import Client
from tidegate.stack.processes import wait_for
from tidegate.stack.state import StackState

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]

KILLS = int(os.environ.get("TIDEGATE_KILLS", "4"))
SETTLE_SECONDS = 600.0
IN_FLIGHT = 12
LONGEST_PAUSE_SECONDS = 4.0
# Workers hold the leases, so they die most often.
VICTIMS = (
    *("worker-text",) * 8,
    *("worker-image",) * 8,
    *("worker-music",) * 8,
    *("valkey",) * 3,
    # It takes as long to come back as the others take to make something.
    "triton",
)
# The end of a job whose workers died again and again; everything else is made.
GIVEN_UP = {"interrupted_too_often", "unforeseen_error"}


def ask(client: Client, project: str, number: int) -> UUID:
    """Ask for a short text, a tune, or two pictures of few steps, in turn."""
    request: dict[str, object] = {"project_id": project, "seed": number}
    if number % 3 == 2:
        request |= {
            "model": "tidegate-image",
            "prompt": f"a green heart {number}",
            "parameters": {"steps": 5},
            "outputs": 2,
        }
    elif number % 3 == 1:
        request |= {
            "model": "tidegate-music",
            "prompt": "a calm air in G",
            "parameters": {"bars": 8},
        }
    else:
        request |= {
            "model": "smollm2-135m",
            "prompt": f"Name one thing in a harbour, number {number}.",
            "parameters": {"max_tokens": 4},
        }
    job = client.post("jobs", request)
    assert job["state"] == "queued", job
    return UUID(job["id"])


def test_every_job_ends_once_and_is_charged_as_its_outputs_say_however_often_its_workers_die(
    stack: StackState, capsys: pytest.CaptureFixture[str]
) -> None:
    platform = Platform(stack)
    creator, reviewer = platform.sign_in("creator"), platform.sign_in("reviewer")
    people = [
        (creator, public_project(creator)),
        (reviewer, public_project(reviewer)),
        (creator, company_project(creator, "Kills")),
    ]
    dice = random.Random(KILLS)
    jobs: list[UUID] = []

    def one(number: int) -> UUID:
        client, project = people[number % len(people)]
        return ask(client, project, number)

    def fill_up() -> None:
        numbers = range(len(jobs), len(jobs) + IN_FLIGHT - unfinished(platform, jobs))
        with ThreadPoolExecutor(3) as pool:
            jobs.extend(pool.map(one, numbers))

    for _ in range(KILLS):
        fill_up()
        assert unfinished(platform, jobs)
        strike_one(platform, dice)
    assert wait_for(lambda: is_settled(platform, jobs), seconds=SETTLE_SECONDS), describe(
        platform, jobs
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{KILLS} kills, {len(jobs)} jobs: {outcomes(platform, jobs)}\n")
    assert ends(platform, jobs) == [1] * len(jobs)
    failed = {
        (str(state), str(code))
        for state, code in platform.rows(
            "SELECT state, error_code FROM generation_job WHERE id = ANY(%s)"
            " AND state <> 'succeeded'",
            jobs,
        )
    }
    assert failed <= {("failed", code) for code in GIVEN_UP}
    assert outputs_twice(platform, jobs) == 0
    assert set(assets_per_job(platform, jobs)) <= {1, 2}
    for command in ("ledger_reconcile", "audit_verify"):
        checked = platform.django(command)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def strike_one(platform: Platform, dice: random.Random) -> None:
    """Kill one of those that run, at a random moment, and do not wait until it is back."""
    threading.Event().wait(dice.uniform(0.0, LONGEST_PAUSE_SECONDS))
    standing: list[str] = []

    def is_any_standing() -> bool:
        standing[:] = [name for name in VICTIMS if platform.is_ready(name)]
        # Whoever is back first would be struck again and again, and the others never: without
        # Valkey workers wait ever longer before they look for it again.
        return any(name.startswith("worker-") for name in standing)

    assert wait_for(is_any_standing, seconds=RESTART_SECONDS), platform.state
    victim = dice.choice(standing)
    struck = platform.strike(victim)
    # Until the supervisor has seen the death, its table still calls the victim ready.
    assert wait_for(lambda: platform.unit(victim) != struck, seconds=RESTART_SECONDS)


def ends(platform: Platform, jobs: list[UUID]) -> list[int]:
    """Count how often each job was announced as ended."""
    rows = platform.rows(
        "SELECT (SELECT count(*) FROM events_outbox e WHERE e.key = j.id::text"
        " AND e.type = 'tidegate.job.ended.v1') FROM generation_job j WHERE j.id = ANY(%s)",
        jobs,
    )
    return [int(str(count)) for (count,) in rows]


def outputs_twice(platform: Platform, jobs: list[UUID]) -> int:
    """Count the outputs that were delivered more than once, or without their asset."""
    return platform.number(
        "SELECT count(*) FROM (SELECT o.job_id, o.index FROM generation_output o"
        " LEFT JOIN assets_asset a ON a.job_id = o.job_id AND a.output_index = o.index"
        " WHERE o.job_id = ANY(%s) AND o.state = 'made'"
        " GROUP BY o.job_id, o.index HAVING count(a.id) <> 1) AS odd",
        jobs,
    )
