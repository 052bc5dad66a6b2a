"""A stream that was opened rightly shows nothing more once the right is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient

from generation.app import board, progress
from generation.app.models import Job
from tests import factories as make
from tidegate.accounts import services as accounts
from tidegate.accounts.models import User
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.assets.services import move_asset
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

LONGEST = 20.0


@pytest.fixture(autouse=True)
def polled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Valkey a stream reads the row, here several times a second."""
    monkeypatch.setattr(board._Outage, "until", 0.0)
    monkeypatch.setattr(board._Outage, "is_known", False)
    monkeypatch.setattr(progress, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(progress, "POLL_SECONDS_BEFORE_VERDICT", 0.1)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who follows a job, and what ends their right to."""

    client: AsyncClient
    end_right: Callable[[], object]
    headers: dict[str, str] = field(default_factory=dict)


def apart(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return the work for a thread, whose connection is closed after it."""

    def run(*args: object) -> Any:
        try:
            return work(*args)
        finally:
            connections.close_all()

    return sync_to_async(run)


def running_job() -> Job:
    account = make.make_account()
    at = now()
    return Job.objects.create(
        organisation=account.organisation,
        project=account.project,
        requested_by=account.user,
        correlation_id=new_id(),
        model_name="smollm2-135m",
        modality="text",
        prompt="a calm harbour",
        seed=1,
        cost_credits=1,
        state=Job.State.RUNNING,
        screened_at=at,
        attempt=1,
        lease_owner="w",
        lease_expires_at=at,
        started_at=at,
        expires_at=at,
        released_text="The first words.",
    )


def write_on(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(released_text="The first words. And the SECRET ones.")


async def opened(reader: Reader, job: Job) -> AsyncIterator[bytes]:
    """Open the stream and read up to its first event."""
    response = await reader.client.get(f"/api/v1/jobs/{job.pk}/events", headers=reader.headers)
    assert response.status_code == 200
    # A streaming response; the stubs know only the other kind.
    stream: AsyncIterator[bytes] = aiter(response.streaming_content)  # type: ignore[attr-defined]
    async with asyncio.timeout(LONGEST):
        while b"The first words." not in await anext(stream):
            pass
    return stream


async def rest_of(stream: AsyncIterator[bytes]) -> str:
    """Read until the server ends the stream."""
    async with asyncio.timeout(LONGEST):
        return b"".join([piece async for piece in stream]).decode()


def with_key(job: Job) -> Reader:
    owner = make.viewer_of(job.requested_by)
    row, text = make.make_key(job.organisation, scopes=SCOPES - STAFF_SCOPES)
    return Reader(
        AsyncClient(),
        lambda: accounts.revoke_key(viewer=owner, key_id=row.pk),
        {"Authorization": f"Bearer {text}"},
    )


def with_session(job: Job) -> Reader:
    person = job.requested_by
    return Reader(
        signed_in(person),
        lambda: accounts.deactivate_user(viewer=make.SYSTEM, user_id=person.pk, reason="asked"),
    )


def with_staff(job: Job) -> Reader:
    reviewer = make.make_user(staff=["reviewer"])
    return Reader(
        signed_in(reviewer),
        lambda: accounts.dismiss_staff(
            viewer=make.SYSTEM, user_id=reviewer.pk, role="reviewer", reason="left the team"
        ),
    )


def signed_in(person: User) -> AsyncClient:
    client = AsyncClient()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("enter", [with_key, with_session, with_staff])
async def test_a_stream_ends_when_its_reader_may_look_no_longer(
    enter: Callable[[Job], Reader],
) -> None:
    job = await apart(running_job)()
    reader = await apart(enter)(job)
    stream = await opened(reader, job)
    await apart(reader.end_right)()
    await apart(write_on)(job)
    told = await rest_of(stream)
    assert "SECRET" not in told
    assert "event: end" not in told


async def test_a_stream_that_may_go_on_does() -> None:
    job = await apart(running_job)()
    reader = await apart(with_key)(job)
    stream = await opened(reader, job)
    await apart(write_on)(job)
    async with asyncio.timeout(LONGEST):
        while b"SECRET" not in await anext(stream):
            pass
    await stream.aclose()  # type: ignore[attr-defined]  # an asynchronous generator


async def test_a_blocked_output_is_told_by_its_public_reasons_alone() -> None:
    job = await apart(running_job)()
    reader = await apart(with_key)(job)
    stream = await opened(reader, job)

    def end_blocked() -> None:
        asset = make.make_asset(
            job.project,
            owner=job.requested_by,
            visibility="pending",
            text="The SECRET output.",
            job_id=job.pk,
        )
        Job.objects.filter(pk=job.pk).update(
            state="succeeded", ended_at=now(), lease_owner="", lease_expires_at=None
        )
        move_asset(
            asset_id=asset.pk,
            to="blocked",
            actor=Actor.system("tests"),
            reason="INTERNAL words",
            reasons=[{"hazard": "violence", "rule": "INTERNAL rule"}],
            public_reasons=[{"code": "violence", "title": "Shows violence"}],
        )

    await apart(end_blocked)()
    told = await rest_of(stream)
    assert "event: verdict" in told
    assert "Shows violence" in told
    assert "event: end" in told
    assert "SECRET" not in told
    assert "INTERNAL" not in told
