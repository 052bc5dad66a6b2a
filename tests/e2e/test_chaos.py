"""Everything is killed while two hundred jobs are in flight, and nothing is lost or doubled."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.e2e.running import Platform, company_project, public_project
from tidegate.events import debts
from tidegate.stack.demo_client import Client
from tidegate.stack.processes import wait_for
from tidegate.stack.state import StackState

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]

JOBS = 200
IN_FLIGHT = 20
# The limit only ends a test that hangs.
SETTLE_SECONDS = 900.0
VICTIMS = (
    "worker-text",
    "relay",
    "consumer-moderation",
    "consumer-progress",
    "consumer-credits",
    "consumer-recommendations",
    "valkey",
    "broker",
    "triton",
)
IMAGES, SPEECHES = 4, 4
_OWED = "SELECT count(*) FROM events_outbox o WHERE " + debts.MISSING  # noqa: S608 - all our own
PLACES = ("harbour", "orchard", "library", "meadow", "station", "market", "bridge", "garden")


def ask(number: int) -> dict[str, object]:
    """Return the request of one job: most are short texts, a few pictures and recordings."""
    place = PLACES[number % len(PLACES)]
    if number < IMAGES:
        return {
            "model": "tidegate-image",
            "prompt": f"a red apple {number}",
            "parameters": {"steps": 5},
        }
    if number < IMAGES + SPEECHES:
        return {"model": "kokoro-82m", "prompt": f"Ship {number} is here.", "parameters": {}}
    return {
        "model": "smollm2-135m",
        "prompt": f"Name one thing in the {place}, number {number}.",
        "parameters": {"max_tokens": 4},
    }


def submit(people: list[tuple[Client, str]], numbers: range) -> list[UUID]:
    """Ask for jobs over the API, the organisations taking turns."""

    def one(number: int) -> UUID:
        client, project = people[number % len(people)]
        job = client.post("jobs", {**ask(number), "project_id": project, "seed": number})
        assert job["state"] == "queued", job
        return UUID(job["id"])

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, numbers))


@contextmanager
def strangers_watch(platform: Platform) -> Iterator[list[str]]:
    """Look at feed and assets as strangers do, all the time; collect what should not be seen."""
    leaks: list[str] = []
    looked = 0
    stop = threading.Event()
    viewer = platform.sign_in("viewer")
    dice = random.Random(1)

    def watch() -> None:
        nonlocal looked
        with (
            psycopg.connect(platform.environment["DATABASE_URL"], autocommit=True) as database,
            httpx.Client(base_url=platform.url, timeout=60.0) as nobody,
        ):
            while not stop.wait(0.3):
                seen = {entry["asset"]["id"] for entry in viewer.get("feed", limit=50)["items"]}
                hidden = database.execute(
                    "SELECT id FROM assets_asset WHERE visibility <> 'released'"
                ).fetchall()
                for (asset_id,) in dice.sample(hidden, min(5, len(hidden))):
                    answer = nobody.get(f"/api/v1/assets/{asset_id}")
                    assert answer.status_code in {200, 404}
                    if answer.status_code == httpx.codes.OK:
                        seen.add(str(asset_id))
                looked += len(seen) + len(hidden)
                leaks.extend(
                    str(row[0])
                    for row in database.execute(
                        "SELECT seen FROM unnest(%s::uuid[]) AS seen WHERE NOT EXISTS"
                        " (SELECT FROM moderation_verdict v"
                        " WHERE v.asset_id = seen AND v.verdict = 'release')",
                        [list(seen)],
                    )
                )

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield leaks
        finally:
            stop.set()
            watching.result()
    assert looked, "the strangers saw nothing at all"


def test_nothing_is_lost_doubled_or_leaked_while_every_process_is_killed(stack: StackState) -> None:
    platform = Platform(stack)
    creator, reviewer = platform.sign_in("creator"), platform.sign_in("reviewer")
    people = [
        (creator, public_project(creator)),
        (reviewer, public_project(reviewer)),
        (creator, company_project(creator, "Chaos One")),
        (creator, company_project(creator, "Chaos Two")),
        (reviewer, company_project(reviewer, "Chaos Three")),
    ]
    with strangers_watch(platform) as leaks:
        jobs = submit(people, range(JOBS))
        for victim in VICTIMS:
            # Which is faster, the jobs or the restarts, depends on the machine.
            if unfinished(platform, jobs) < IN_FLIGHT:
                jobs += submit(people, range(len(jobs), len(jobs) + IN_FLIGHT))
            assert unfinished(platform, jobs), f"nothing was in flight any more before {victim}"
            platform.kill(victim)
        assert wait_for(lambda: is_settled(platform, jobs), seconds=SETTLE_SECONDS), describe(
            platform, jobs
        )
    assert leaks == []
    assert outcomes(platform, jobs) == {("succeeded", ""): len(jobs)}
    assert len(set(jobs)) == len(jobs)
    assert assets_per_job(platform, jobs) == [1] * len(jobs)
    assert wrong_verdicts(platform, jobs) == []
    assert platform.rows("SELECT consumer, type, error FROM events_dead_letter") == []
    verified = platform.django("audit_verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def unfinished(platform: Platform, jobs: list[UUID]) -> int:
    return platform.number(
        "SELECT count(*) FROM generation_job WHERE id = ANY(%s) AND state IN ('queued', 'running')",
        jobs,
    )


def is_settled(platform: Platform, jobs: list[UUID]) -> bool:
    """Whether every job ended, every output was judged, and no consumer lacks any event."""
    threading.Event().wait(1.0)  # the questions cost the machine something, too
    return not (unfinished(platform, jobs) or unjudged(platform, jobs) or owed(platform))


def unjudged(platform: Platform, jobs: list[UUID]) -> int:
    return platform.number(
        "SELECT count(*) FROM assets_asset a WHERE a.job_id = ANY(%s) AND (a.visibility = 'pending'"
        " OR EXISTS (SELECT FROM moderation_verdict v WHERE v.asset_id = a.id"
        " AND v.verdict = 'unavailable' AND NOT EXISTS"
        " (SELECT FROM moderation_verdict later WHERE later.supersedes_id = v.id)))",
        jobs,
    )


def owed(platform: Platform) -> int:
    """Count the events that some registered consumer has not recorded in its inbox."""
    with psycopg.connect(platform.environment["DATABASE_URL"], autocommit=True) as connection:
        row = connection.execute(_OWED, debts.wanted()).fetchone()
    assert row is not None
    return int(row[0])


def outcomes(platform: Platform, jobs: list[UUID]) -> dict[tuple[str, str], int]:
    rows = platform.rows(
        "SELECT state, error_code, count(*) FROM generation_job WHERE id = ANY(%s)"
        " GROUP BY state, error_code",
        jobs,
    )
    return {(str(state), str(code)): int(str(count)) for state, code, count in rows}


def assets_per_job(platform: Platform, jobs: list[UUID]) -> list[int]:
    rows = platform.rows(
        "SELECT (SELECT count(*) FROM assets_asset a WHERE a.job_id = j.id)"
        " FROM generation_job j WHERE j.id = ANY(%s) AND j.state = 'succeeded'",
        jobs,
    )
    return [int(str(count)) for (count,) in rows]


def wrong_verdicts(platform: Platform, jobs: list[UUID]) -> list[tuple[object, ...]]:
    """Return assets without exactly one verdict that counts; an outage's may be superseded."""
    return platform.rows(
        "SELECT a.id, array_agg(v.verdict) FROM assets_asset a"
        " LEFT JOIN moderation_verdict v ON v.asset_id = a.id"
        " LEFT JOIN moderation_verdict earlier ON earlier.id = v.supersedes_id"
        " WHERE a.job_id = ANY(%s) GROUP BY a.id"
        " HAVING count(v.id) FILTER (WHERE v.verdict <> 'unavailable') <> 1"
        " OR count(v.id) FILTER (WHERE v.supersedes_id IS NULL) <> 1"
        " OR bool_or(earlier.verdict <> 'unavailable')",
        jobs,
    )


def describe(platform: Platform, jobs: list[UUID]) -> str:
    return (
        f"{outcomes(platform, jobs)}, unjudged {unjudged(platform, jobs)}, owed {owed(platform)},"
        f" units {[(n, u.phase) for n, u in platform.state.units.items()]}"
    )
