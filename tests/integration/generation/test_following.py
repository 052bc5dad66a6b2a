"""Following a job live, over a real Valkey and without one."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from redis import Redis

from generation.app import board, progress, runner, services
from generation.app.claims import Claim, Output
from generation.app.handlers import show_verdict
from generation.app.models import Job
from generation.app.progress import ServerEvent, follow, job_events
from tests.factories import make_user, viewer_of
from tests.fakes.generator import FakeGenerator, draws, writes
from tests.integration.generation.maker import Maker
from tidegate.assets.models import Asset
from tidegate.assets.services import move_asset
from tidegate.contracts.assets import AssetVisibilityChanged
from tidegate.contracts.envelope import Envelope
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
    pytest.mark.usefixtures("valkey", "fresh_board"),
]

STORY = "The harbour slept. A lamp turned over the water, once, twice. Then the boats came home."
JUDGE = Actor.system("tests")


@pytest.fixture
def fresh_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """No outage of an earlier test is remembered."""
    monkeypatch.setattr(board._Outage, "until", 0.0)
    monkeypatch.setattr(board._Outage, "is_known", False)
    for name in ("POLL_SECONDS", "SILENCE_SECONDS"):
        monkeypatch.setattr(progress, name, 0.3)
        monkeypatch.setattr(progress, f"{name}_BEFORE_VERDICT", 0.1)


@pytest.fixture
def no_valkey(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An address where nobody listens."""
    monkeypatch.setattr(settings, "VALKEY_URL", "redis://127.0.0.1:1/0")
    board._client.cache_clear()
    yield
    board._client.cache_clear()


def apart(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return the work for a thread, whose connection is closed after it."""

    def run(*args: object, **kwargs: object) -> Any:
        try:
            return work(*args, **kwargs)
        finally:
            connections.close_all()

    return sync_to_async(run)


def run(modality: str, generator: FakeGenerator) -> None:
    runner.run_next(modality=modality, generator=generator)


def release(job: Job) -> Asset:
    asset = Asset.objects.get(job_id=job.pk)
    return move_asset(asset_id=asset.pk, to="released", actor=JUDGE, reason="harmless")


def claimed(modality: str = "text") -> Claim:
    claim = services.claim_job(modality=modality, worker="w")
    assert claim is not None
    return claim


async def listen(
    maker: Maker,
    job: Job,
    *,
    last_event_id: str | None = None,
    until: Callable[[ServerEvent], bool] = lambda event: event.kind == "end",
) -> list[ServerEvent]:
    """Follow a job up to and with the event that `until` names."""
    heard: list[ServerEvent] = []
    events: AsyncGenerator[ServerEvent | None, None] = follow(
        viewer=maker.viewer, job_id=job.pk, last_event_id=last_event_id
    )
    async with asyncio.timeout(20):
        async for event in events:
            if event is None:
                continue
            heard.append(event)
            if until(event):
                break
    await events.aclose()
    return heard


def text_of(events: list[ServerEvent], *, at: int = 0) -> str:
    text = ""
    for event in events:
        if event.kind == "text":
            assert event.data["offset"] == at + len(text)
            text += event.data["text"]
    return text


def kinds(events: list[ServerEvent]) -> list[str]:
    return [event.kind for event in events]


async def everything(maker: Maker, job: Job, generator: FakeGenerator) -> list[ServerEvent]:
    """Follow a job from before its start, while it runs, and until it is released."""
    connected, ended = asyncio.Event(), asyncio.Event()

    def heard(event: ServerEvent) -> bool:
        connected.set()
        if event.kind == "state" and event.data["state"] == "succeeded":
            ended.set()
        return event.kind == "end"

    following = asyncio.create_task(listen(maker, job, until=heard))
    await connected.wait()
    await apart(run)(job.modality, generator)
    # A follower that lags behind the release is told the rest from the row, not step by step.
    async with asyncio.timeout(20):
        await ended.wait()
    await apart(release)(job)
    return await following


async def test_who_follows_from_the_start_hears_all_of_it_once(maker: Maker) -> None:
    job = await apart(maker.asks)(model_name="smollm2-135m")
    events = await everything(maker, job, writes(STORY))
    assert kinds(events)[0] == "state"
    assert events[0].data["state"] == "queued"
    assert events[0].id == ""
    assert text_of(events) == STORY
    assert [event.data["state"] for event in events if event.kind == "state"] == [
        "queued",
        "running",
        "succeeded",
    ]
    assert kinds(events)[-2:] == ["verdict", "end"]
    assert events[-1].data["assets"][0]["visibility"] == "released"


async def test_a_pictures_steps_are_heard(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SECONDS_BETWEEN_STEPS", 0.0)
    job = await apart(maker.asks)()
    events = await everything(maker, job, draws(steps=4))
    assert [event.data["step"] for event in events if event.kind == "progress"] == [1, 2, 3, 4]


async def test_each_of_several_outputs_is_heard_of_once(maker: Maker) -> None:
    job = await apart(maker.asks)(outputs=2)

    def is_last(event: ServerEvent) -> bool:
        return event.kind == "output" and event.data["index"] == 1

    connected = asyncio.Event()

    def heard(event: ServerEvent) -> bool:
        connected.set()
        return is_last(event)

    following = asyncio.create_task(listen(maker, job, until=heard))
    await connected.wait()
    await apart(run)(job.modality, draws())
    events = await following
    outputs = [event.data for event in events if event.kind == "output"]
    assert [(one["index"], one["state"]) for one in outputs] == [(0, "made"), (1, "made")]
    later = await listen(maker, job, until=lambda event: event.kind == "state")
    assert [one["state"] for one in later[0].data["outputs"]] == ["made", "made"]


async def told_step_by_step(maker: Maker, job: Job) -> list[ServerEvent]:
    """Follow a job of which nothing more becomes true before the last of it was heard.

    So the board tells all of it, with ids; what a look at the row finds first has none.
    """
    claim = await apart(claimed)()
    whole = Output("text/plain", STORY.encode(), text=STORY)
    steps: Iterator[Callable[[], object]] = iter(
        [
            *(
                partial(services.release_text, claim=claim, text=STORY[: at + 30], offset=at)
                for at in range(0, len(STORY), 30)
            ),
            partial(services.finish_job, claim=claim, outputs=[whole], model_version="1"),
            partial(release, job),
        ]
    )
    heard: list[ServerEvent] = []
    async with asyncio.timeout(20):
        async for event in follow(viewer=maker.viewer, job_id=job.pk):
            if event is None:
                continue
            heard.append(event)
            if (step := next(steps, None)) is not None:
                await apart(step)()
    return heard


async def test_cut_at_any_event_the_replay_completes_the_text_without_doubles(
    maker: Maker,
) -> None:
    job = await apart(maker.asks)(model_name="smollm2-135m")
    events = await told_step_by_step(maker, job)
    numbered = [event for event in events if event.id]
    assert kinds(numbered) == ["text", "text", "text", "state"]
    for event in numbered:
        before = text_of(events[: events.index(event) + 1])
        again = await listen(maker, job, last_event_id=event.id)
        assert kinds(again)[0] == "state"
        assert again[0].data["released_text"] is None
        assert before + text_of(again, at=len(before)) == STORY
        assert kinds(again)[-1] == "end"


async def test_who_comes_late_gets_the_whole_from_the_row(maker: Maker) -> None:
    job = await apart(maker.asks)(model_name="smollm2-135m")
    await apart(run)("text", writes(STORY))
    await apart(release)(job)
    events = await listen(maker, job)
    assert kinds(events) == ["state", "end"]
    assert events[0].data["released_text"] == STORY


@pytest.mark.parametrize("unknown", ["99-0", "nonsense", "9999999999999-0"])
async def test_an_id_that_is_no_longer_held_starts_over_from_the_row(
    maker: Maker, unknown: str
) -> None:
    job = await apart(maker.asks)(model_name="smollm2-135m")
    await apart(run)("text", writes(STORY))
    await apart(release)(job)
    events = await listen(maker, job, last_event_id=unknown)
    assert events[0].data["released_text"] == STORY
    assert kinds(events) == ["state", "end"]


async def test_when_valkey_forgets_in_the_middle_the_row_tells_the_rest(maker: Maker) -> None:
    job = await apart(maker.asks)(model_name="smollm2-135m")
    claim = await apart(claimed)()
    events: list[ServerEvent] = []
    stream = follow(viewer=maker.viewer, job_id=job.pk)
    async with asyncio.timeout(20):
        async for event in stream:
            if event is None:
                continue
            events.append(event)
            if event.kind == "state" and len(events) == 1:
                await apart(services.release_text)(claim=claim, text="One. ", offset=0)
            elif event.kind == "text" and event.data["offset"] == 0:
                # Stored, and its notice lost with everything else.
                await apart(Job.objects.update)(released_text="One. Two. ")
                await apart(Redis.from_url(settings.VALKEY_URL).flushall)()
            elif event.kind == "text":
                break
    await stream.aclose()
    assert text_of(events) == "One. Two. "


@pytest.mark.usefixtures("no_valkey")
async def test_without_valkey_everything_is_still_heard_by_polling(maker: Maker) -> None:
    job = await apart(maker.asks)(model_name="smollm2-135m")
    events = await everything(maker, job, writes(STORY))
    first = events[0].data["released_text"]
    assert first + text_of(events, at=len(first)) == STORY
    assert {event.id for event in events} == {""}
    assert kinds(events)[-2:] == ["verdict", "end"]


async def test_a_board_that_says_more_than_the_row_shows_nothing_more(maker: Maker) -> None:
    job = await apart(maker.asks)(model_name="smollm2-135m")
    await apart(claimed)()
    stream = follow(viewer=maker.viewer, job_id=job.pk)
    first = await anext(stream)
    assert first is not None
    assert first.kind == "state"
    await apart(board.publish)(job.pk, "text", {"offset": 0, "text": "never released"})
    async with asyncio.timeout(20):
        assert await anext(stream) is None
    await stream.aclose()


async def test_a_stranger_hears_nothing_and_a_revoked_viewer_no_more(maker: Maker) -> None:
    job = await apart(maker.asks)(model_name="smollm2-135m")
    stranger = await apart(lambda: viewer_of(make_user()))()
    assert [event async for event in follow(viewer=stranger, job_id=job.pk)] == []
    assert [event async for event in follow(viewer=maker.viewer, job_id=new_id())] == []
    answers = iter([maker.viewer, None])
    events = follow(viewer=maker.viewer, job_id=job.pk, renew=lambda: next(answers))
    heard = [event async for event in events if event is not None]
    assert kinds(heard) == ["state"]


async def test_the_verdict_wakes_the_follower_through_the_consumer(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENCE_SECONDS_BEFORE_VERDICT", 30)
    job = await apart(maker.asks)()
    await apart(run)("image", draws())

    def judge() -> None:
        tell(release(job).pk, job)

    stream = follow(viewer=maker.viewer, job_id=job.pk)
    first = await anext(stream)
    assert first is not None
    await apart(judge)()
    async with asyncio.timeout(20):
        events = [first, *[event async for event in stream if event is not None]]
    assert kinds(events) == ["state", "verdict", "end"]
    assert events[1].id


def tell(asset_id: UUID, job: Job) -> None:
    event = AssetVisibilityChanged(
        asset_id=asset_id,
        organisation_id=job.organisation_id,
        project_id=job.project_id,
        owner_id=job.requested_by_id,
        job_id=job.pk,
        before="pending",
        after="released",
        version=2,
    )
    show_verdict(
        event,
        Envelope(
            id=new_id(),
            type=event.TYPE,
            subject=event.key(),
            time=now(),
            correlation_id=job.correlation_id,
            data={},
        ),
    )


async def test_the_bytes_are_server_sent_events_with_heartbeats(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_SECONDS", 0.0)
    job = await apart(maker.asks)("一座灯塔")
    stream = job_events(viewer=maker.viewer, job_id=job.pk)
    async with asyncio.timeout(20):
        assert await anext(stream) == b"retry: 2000\n\n"
        assert (await anext(stream)).startswith(b'event: state\ndata: {"job_id":')
        assert await anext(stream) == b": still here\n\n"
        await apart(board.publish)(job.pk, "progress", {"step": 1, "steps": 2})
        beat = await anext(stream)
        while beat == b": still here\n\n":
            beat = await anext(stream)
    lines = beat.decode().split("\n")
    assert lines[0].startswith("id: ")
    assert lines[1:] == ["event: progress", 'data: {"step":1,"steps":2}', "", ""]
    await stream.aclose()
