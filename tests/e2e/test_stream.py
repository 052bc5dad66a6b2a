"""The main job on a whole stack, and what remains of it after everything was stopped."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from psycopg.sql import SQL, Identifier

from tests.e2e.running import Platform, public_project
from tidegate.stack import demo
from tidegate.stack.processes import wait_for
from tidegate.stack.state import StackState

pytestmark = pytest.mark.e2e

COMPOSED_SECONDS = 900.0
KEPT = (
    "accounts_user",
    "assets_asset",
    "assets_move",
    "assets_blob",
    "audit_entry",
    "generation_job",
    "moderation_verdict",
    "moderation_case",
    "recommendations_item",
)


@pytest.fixture
def platform(stack: StackState) -> Platform:
    return Platform(stack)


def test_the_demo_does_everything_it_promises(platform: Platform) -> None:
    status = demo.run(
        base_url=platform.url,
        people_file=platform.var / "demo.json",
        environment=platform.environment,
    )

    assert status == 0


def test_a_story_with_its_picture_voice_and_film_is_shown_as_one(platform: Platform) -> None:
    creator, viewer = platform.sign_in("creator"), platform.sign_in("viewer")
    asked = creator.post(
        "compositions",
        {
            "project_id": public_project(creator),
            "recipe": "illustrated-story",
            "inputs": {"subject": "a small red boat", "mood": "gentle"},
            "seed": 7,
        },
    )
    path = f"compositions/{asked['id']}"

    def is_judged() -> bool:
        now = creator.get(path)
        is_whole = now["whole"] is not None and now["whole"]["visibility"] != "pending"
        early = [part["asset_id"] for part in now["parts"] if part["state"] == "released"]
        if not is_whole and early:
            # Released by itself, and nobody else's yet; unless all of it came in between.
            status = viewer.status(f"/api/v1/assets/{early[0]}")
            assert status == HTTPStatus.NOT_FOUND or creator.get(path)["whole"] is not None
        return is_whole or now["state"] in {"failed", "cancelled"}

    assert wait_for(is_judged, seconds=COMPOSED_SECONDS), creator.get(path)
    told = creator.get(path)
    assert told["state"] == "completed", told
    assert {part["name"]: part["state"] for part in told["parts"]} == dict.fromkeys(
        ["story", "picture", "narration", "film"], "released"
    )
    assert told["whole"]["visibility"] == "released"
    parts = viewer.get("assets", whole_id=asked["id"])["items"]
    found = {part["modality"]: part for part in parts}
    assert set(found) == {"text", "image", "speech", "video"}
    assert found["text"]["text"].strip().startswith(found["speech"]["prompt"][:80])


def test_a_second_start_says_that_it_already_runs(platform: Platform) -> None:
    supervisor = platform.state.supervisor

    again = platform.tidegate("up")

    assert again.returncode == 0, again.stderr
    assert f"already runs here (supervisor {supervisor})" in again.stdout
    assert platform.url in again.stdout
    assert platform.state.supervisor == supervisor


def test_a_restart_of_everything_keeps_everything(platform: Platform) -> None:
    before = contents(platform)

    assert platform.tidegate("down").returncode == 0
    started = platform.tidegate("up")

    assert started.returncode == 0, started.stdout
    after = contents(platform)
    assert {table: after[table] >= count for table, count in before.items()} == dict.fromkeys(
        before, True
    )
    seen = platform.sign_in("viewer").get("feed", limit=50)["items"]
    assert all(platform.number(_RELEASED, entry["asset"]["id"]) for entry in seen)
    assert platform.django("audit_verify").returncode == 0


_COUNT = SQL("SELECT count(*) FROM {}")
_RELEASED = "SELECT count(*) FROM assets_asset WHERE id = %s AND visibility = 'released'"


def contents(platform: Platform) -> dict[str, int]:
    """Count the rows of what must outlive every process."""
    counted = {table: platform.rows(_COUNT.format(Identifier(table))) for table in KEPT}
    return {table: int(str(rows[0][0])) for table, rows in counted.items()}
