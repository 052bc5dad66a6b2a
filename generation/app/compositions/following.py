"""Following one composition live, as server-sent events.

Rows are authoritative, the board only wakes. `state` says all there is to know, on connect and
whenever something changed; `end` says it for the last time. Parts whose jobs are followed one by
one (`/jobs/ID/events`) tell their progress and their text there.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection

from generation.app.board import Reader
from generation.app.compositions.selectors import (
    CompositionSeen,
    compositions_visible_to,
    seen_by,
)
from generation.app.progress import (
    HEARTBEAT_SECONDS,
    LONGEST_STREAM_SECONDS,
    POLL_SECONDS,
    RECONNECT_MILLISECONDS,
    ServerEvent,
)
from tidegate.accounts.viewers import Viewer

Describe = Callable[[CompositionSeen], dict[str, Any]]


async def composition_events(
    *,
    viewer: Viewer,
    composition_id: UUID,
    describe: Describe,
    language: str = "en",
    renew: Callable[[], Viewer | None] | None = None,
) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a composition's event stream; `describe` puts it into plain values.

    Ends when nothing more can change by itself, when the viewer may no longer see it, or after
    half an hour. `renew` says before every look who the viewer is now; None ends the stream.
    """
    yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
    ends_at = time.monotonic() + LONGEST_STREAM_SECONDS
    spoke = time.monotonic()
    told: dict[str, Any] | None = None

    async with Reader(composition_id) as reader:
        position = await reader.position(None)
        after = "$" if position is None else position.after
        while time.monotonic() < ends_at:
            found = await sync_to_async(_look, thread_sensitive=False)(
                viewer, composition_id, describe, language, renew
            )
            if found is None:
                return
            is_live, described = found
            if not is_live:
                yield ServerEvent("end", described).encode()
                return
            if described != told:
                told = described
                spoke = time.monotonic()
                yield ServerEvent("state", described).encode()
            elif time.monotonic() - spoke >= HEARTBEAT_SECONDS:
                spoke = time.monotonic()
                yield b": still here\n\n"
            after = await _wait(reader, after)


async def _wait(reader: Reader, after: str) -> str:
    notices = await reader.read(after, wait_seconds=POLL_SECONDS)
    if notices is None:
        # Valkey is away: the rows are polled.
        await asyncio.sleep(POLL_SECONDS)
        return after
    return notices[-1].id if notices else after


def _look(
    viewer: Viewer,
    composition_id: UUID,
    describe: Describe,
    language: str,
    renew: Callable[[], Viewer | None] | None,
) -> tuple[bool, dict[str, Any]] | None:
    try:
        present = renew() if renew is not None else viewer
        if present is None:
            return None
        composition = compositions_visible_to(present).filter(pk=composition_id).first()
        if composition is None:
            return None
        (seen,) = seen_by(present, [composition], language=language)
        return seen.is_live, describe(seen)
    finally:
        # The thread is the pool's: a thousand open streams share a few connections.
        connection.close()
