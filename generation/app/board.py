"""The notice board: one Valkey stream per job, for who follows it live, and the workers' tickets.

It may lose everything without losing work: rows are authoritative, followers fall back to them,
and the sweeper issues tickets again. So a failure to write is logged once per outage and never
reaches the caller.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from uuid import UUID

import redis.asyncio
from django.conf import settings
from redis import ConnectionPool, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger("generation.board")

ENTRIES_KEPT = 2000
SECONDS_KEPT = 3600
ABSENT_AFTER_SECONDS = 45
_RETRY_AFTER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Notice:
    """One entry: its stream id (also the SSE id), its kind and its data."""

    id: str
    kind: str
    data: dict[str, Any]


class _Outage:
    """Whether writing is paused, so that a dead Valkey costs one attempt every two seconds."""

    until: float = 0.0
    is_known: bool = False


def publish(job_id: UUID, kind: str, data: Mapping[str, object]) -> None:
    """Append a notice to the job's stream; followers wake at once."""
    key = _key(job_id)

    def append(valkey: Redis) -> None:
        with valkey.pipeline(transaction=False) as pipeline:
            pipeline.xadd(
                key,
                {"kind": kind, "data": json.dumps(data, ensure_ascii=False)},
                maxlen=ENTRIES_KEPT,
                approximate=True,
            )
            pipeline.expire(key, SECONDS_KEPT)
            pipeline.execute()

    _write(append)


def put_tickets(queue: str, messages: Sequence[str]) -> bool:
    """Append messages to a Celery queue; False where Valkey is away and they are not there."""
    return _write(lambda valkey: valkey.lpush(queue, *messages))


def waiting_tickets(queue: str) -> int | None:
    """Return how many messages wait in a Celery queue, or None when Valkey is away."""
    try:
        return _client().llen(queue)
    except RedisError as error:
        logger.warning("the queue %s cannot be counted: %s", queue, error)
        return None


def attend(modality: str, worker: str) -> None:
    """Say that a worker listens for jobs of a modality; to be said again every few seconds."""
    at = time.time()
    try:
        with _client().pipeline(transaction=False) as pipeline:
            pipeline.zadd(_attendance(modality), {worker: at})
            pipeline.zremrangebyscore(_attendance(modality), 0, at - ABSENT_AFTER_SECONDS)
            pipeline.execute()
    except RedisError as error:
        logger.debug("attendance is not noted while Valkey is away: %s", error)


def workers(modality: str) -> int | None:
    """Return how many workers listen for jobs of a modality, or None when Valkey is away."""
    try:
        return _client().zcount(
            _attendance(modality), time.time() - ABSENT_AFTER_SECONDS, float("inf")
        )
    except RedisError:
        return None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a follower goes on reading.

    `characters` is how much streamed text it already has: None when nothing is known about it,
    because no id was given or the board no longer holds it.
    """

    after: str
    characters: int | None


class Reader:
    """Reads one job's stream; `read` and `position` return None while Valkey is away."""

    def __init__(self, job_id: UUID) -> None:
        self._key = _key(job_id)
        # Any: its types unite bytes and text and every protocol; decoded answers are text.
        self._client: Any = redis.asyncio.Redis.from_url(
            settings.VALKEY_URL,
            decode_responses=True,
            socket_connect_timeout=1.0,
            socket_timeout=10.0,
            retry=_no_async_retry(),
            # Every stream connects anew: introducing itself took two thirds of that.
            protocol=2,
            driver_info=None,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.aclose()

    async def position(self, last_event_id: str | None) -> Position | None:
        """Return where to go on: after `last_event_id` if it is still held, else at the end."""
        try:
            if last_event_id and await self._client.xrange(
                self._key, min=last_event_id, max=last_event_id, count=1
            ):
                return Position(last_event_id, await self._characters_before(last_event_id))
            newest = await self._client.xrevrange(self._key, count=1)
        except redis.exceptions.ResponseError:
            # A malformed id, which is the caller's: as good as none.
            return await self.position(None) if last_event_id else None
        except RedisError:
            return None
        return Position(newest[0][0] if newest else "0-0", None)

    async def read(self, after: str, *, wait_seconds: float) -> list[Notice] | None:
        """Return the notices after an id, waiting for the first one."""
        try:
            # BLOCK 0 would wait for ever.
            found = await self._client.xread(
                {self._key: after}, count=200, block=max(1, int(wait_seconds * 1000))
            )
        except RedisError:
            return None
        return [_notice(entry) for _, entries in found for entry in entries] if found else []

    async def _characters_before(self, event_id: str) -> int:
        for entry in await self._client.xrevrange(self._key, max=event_id):
            notice = _notice(entry)
            if notice.kind == "text":
                return int(notice.data["offset"]) + len(notice.data["text"])
        return 0


def _write(write: Callable[[Redis], object]) -> bool:
    """Write to Valkey, and say whether it was there. Nobody waits longer than for one time-out."""
    if time.monotonic() < _Outage.until:
        return False
    try:
        write(_client())
    except RedisError as error:
        _Outage.until = time.monotonic() + _RETRY_AFTER_SECONDS
        if not _Outage.is_known:
            _Outage.is_known = True
            logger.warning("no progress is published and no ticket sent without Valkey: %s", error)
        return False
    if _Outage.is_known:
        _Outage.is_known = False
        logger.info("Valkey is back; progress is published and tickets are sent again")
    return True


def _notice(entry: tuple[str, Mapping[str, str]]) -> Notice:
    identifier, fields = entry
    return Notice(id=identifier, kind=fields["kind"], data=json.loads(fields["data"]))


def _attendance(modality: str) -> str:
    return f"generation:workers:{modality}"


def _key(job_id: UUID) -> str:
    return f"generation:job:{job_id}"


@cache
def _client() -> Redis:
    # The pool notices a fork by itself, so prefork workers may share this. It is not the client's
    # own: of two threads that make one at once, the loser's is collected, and would close the
    # connection that its thread still uses.
    pool = ConnectionPool.from_url(
        settings.VALKEY_URL,
        socket_connect_timeout=0.5,
        socket_timeout=1.0,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis(connection_pool=pool)


def _no_async_retry() -> "redis.asyncio.retry.Retry":
    return redis.asyncio.retry.Retry(NoBackoff(), 0)
