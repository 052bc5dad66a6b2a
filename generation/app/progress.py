"""Following one job live, as server-sent events.

Rows are authoritative. The board (Valkey) wakes the follower and carries ids for replay; when
it is away or forgot, the row is polled and nothing is missed. Kinds of events:

* `state`: on connect without id, and whenever the job's state changed.
* `progress`: `{step, steps, eta_seconds}`, with several outputs also `{output, outputs}`.
* `output`: `{index, seed, state, asset_id, error_code}`, of several outputs one that was made or
  cannot be.
* `text`: `{offset, text}`, text that the gate released; `offset` counts characters, so a reader
  that meets an offset it already has ignores it.
* `text_withheld`: `{because}`, nothing more of the text is shown. `block`: the generator was
  stopped, what was shown is to be taken away, and the job ends with `output_blocked`. `hold`
  (people will look), `unavailable` (the gate does not answer), `changed` (the text came out
  different the second time), `held` (any of these, seen later): the whole is judged once written.
* `verdict`: `{asset_id, visibility, version, public_reasons}`.
* `end`: the job ended and every output has its verdict; the stream is over.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection

from generation.app.board import Notice, Position, Reader
from generation.app.snapshots import Snapshot, place_of, take
from tidegate.accounts.viewers import Viewer

# While the board is away.
POLL_SECONDS = 2.0
POLL_SECONDS_BEFORE_VERDICT = 0.5
# While it answers it tells every change, so a row is read for what nobody could tell any more: its
# process was killed between the commit and the notice. With thirty-two people who waited, each
# picture cost the web process and the database 175 ms at the pace above, 142 ms at 5 and 2 s.
SILENCE_SECONDS = 8.0
SILENCE_SECONDS_BEFORE_VERDICT = 4.0
HEARTBEAT_SECONDS = 15.0
LONGEST_STREAM_SECONDS = 1800.0
# A picture has twenty steps a second or more, and no step shows anything of it: asking the
# database at each of them took a tenth of the generator's time on a small machine. That a job
# succeeded shows nothing either, and whoever waits for it should hear of it first.
SHOWING_NOTHING = frozenset({"progress", "state"})
LONGEST_UNSEEN_SECONDS = 1.0
RECONNECT_MILLISECONDS = 2000


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event. `id` is empty where nothing can be replayed from here."""

    kind: str
    data: dict[str, Any]
    id: str = ""

    def encode(self) -> bytes:
        """Return the event as `text/event-stream` bytes."""
        head = f"id: {self.id}\n" if self.id else ""
        data = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return f"{head}event: {self.kind}\ndata: {data}\n\n".encode()


async def job_events(
    *,
    viewer: Viewer,
    job_id: UUID,
    last_event_id: str | None = None,
    renew: Callable[[], Viewer | None] | None = None,
) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a job's event stream, with heartbeat comments while nothing happens.

    `viewer` is who was just asked for. Later on `renew` is called before anything is shown, steps
    and states excepted (at most a second later), and says who the viewer is now; None (the key was
    revoked, the person deactivated) ends the stream.
    """
    yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
    spoke = time.monotonic()
    events = follow(viewer=viewer, job_id=job_id, last_event_id=last_event_id, renew=renew)
    async with aclosing(events):
        async for event in events:
            if event is not None:
                yield event.encode()
            elif time.monotonic() - spoke >= HEARTBEAT_SECONDS:
                yield b": still here\n\n"
            else:
                continue
            spoke = time.monotonic()


async def follow(
    *,
    viewer: Viewer,
    job_id: UUID,
    last_event_id: str | None = None,
    renew: Callable[[], Viewer | None] | None = None,
) -> AsyncGenerator[ServerEvent | None, None]:
    """Yield a job's events, and None when nothing happened for a while.

    Ends after `end`, when the viewer may no longer see the job, or after half an hour.
    """
    ends_at = time.monotonic() + LONGEST_STREAM_SECONDS

    async def look(*, is_first: bool = False) -> Snapshot | None:
        # On the shared thread pool, so that no thread or connection is bound to this stream.
        asking = None if is_first else renew
        return await sync_to_async(_look, thread_sensitive=False)(viewer, job_id, asking)

    async with Reader(job_id) as reader:
        # The position comes first: what is published after it is news, not part of the snapshot.
        position = await reader.position(last_event_id)
        snapshot = await look(is_first=True)
        if snapshot is None:
            return
        told = _Told.at_connect(snapshot, position)
        after = None if position is None else position.after
        yield ServerEvent("state", snapshot.describe(with_text=told.starts_with_text))
        looked = time.monotonic()
        while not snapshot.is_over and time.monotonic() < ends_at:
            after, notices = await _wait(reader, after, snapshot)
            is_early = _show_nothing(notices) and time.monotonic() - looked < LONGEST_UNSEEN_SECONDS
            for event in told.news(notices, snapshot) if is_early else ():
                yield event
            if is_early and not any(map(_is_turn, notices)):
                continue
            snapshot = await look()
            looked = time.monotonic()
            if snapshot is None:
                return
            fresh: list[ServerEvent | None] = [*told.news([] if is_early else notices, snapshot)]
            for news in fresh or [None]:
                yield news
        if snapshot.is_over:
            for event in told.from_row(snapshot):
                yield event
            yield ServerEvent("end", snapshot.describe_end())


def _show_nothing(notices: list[Notice]) -> bool:
    """Whether there is nothing to tell but how far the job is."""
    return bool(notices) and all(notice.kind in SHOWING_NOTHING for notice in notices)


def _is_turn(notice: Notice) -> bool:
    """Whether the row has more to tell after this than the notice did."""
    return notice.kind != "progress" and notice.data.get("state") != "running"


def _look(
    viewer: Viewer, job_id: UUID, renew: Callable[[], Viewer | None] | None
) -> Snapshot | None:
    try:
        present = renew() if renew is not None else viewer
        return None if present is None else take(present, job_id)
    finally:
        # The thread is the pool's: a thousand open streams share a few connections.
        connection.close()


async def _wait(
    reader: Reader, after: str | None, snapshot: Snapshot
) -> tuple[str | None, list[Notice]]:
    """Return where to read on and what the board said; None as place while Valkey is away."""
    is_ended = snapshot.is_ended
    pause = POLL_SECONDS_BEFORE_VERDICT if is_ended else POLL_SECONDS
    if after is None:
        # Once Valkey is back its stream is followed from its present end; what happened in
        # between comes from the row.
        await asyncio.sleep(pause)
        position = await reader.position(None)
        return (None if position is None else position.after), []
    silence = SILENCE_SECONDS_BEFORE_VERDICT if is_ended else SILENCE_SECONDS
    notices = await reader.read(after, wait_seconds=silence)
    if notices is None:
        await asyncio.sleep(pause)
        return None, []
    return (notices[-1].id if notices else after), notices


@dataclass(slots=True)
class _Told:
    """What this stream has said, so that row and board together say everything once."""

    state: tuple[str, int]
    characters: int
    is_withheld: bool
    place: tuple[int, int]
    verdicts: dict[UUID, int] = field(default_factory=dict)
    starts_with_text: bool = True
    settled: set[int] = field(default_factory=set)

    @classmethod
    def at_connect(cls, snapshot: Snapshot, position: Position | None) -> "_Told":
        """Start from the snapshot; with a replay, from what the reader already had."""
        replayed = position.characters if position is not None else None
        is_replay = replayed is not None
        return cls(
            state=(snapshot.state, snapshot.attempt),
            characters=len(snapshot.released_text) if replayed is None else replayed,
            is_withheld=snapshot.is_text_withheld and not is_replay,
            place=(0, -1) if is_replay else snapshot.place,
            verdicts={} if is_replay else snapshot.versions(),
            starts_with_text=not is_replay,
            settled=set() if is_replay else snapshot.settled(),
        )

    def news(self, notices: list[Notice], snapshot: Snapshot) -> Iterator[ServerEvent]:
        """Return what is new: from the board, or from the row while the board is silent."""
        if not notices:
            yield from self.from_row(snapshot)
        for notice in notices:
            yield from self.from_notice(notice, snapshot)

    def from_notice(self, notice: Notice, snapshot: Snapshot) -> Iterator[ServerEvent]:
        """Return what a notice adds."""
        if notice.kind == "text":
            end = int(notice.data["offset"]) + len(notice.data["text"])
            yield from self._text(end, snapshot, notice.id)
        elif notice.kind == "progress":
            self.place = place_of(notice.data)
            yield ServerEvent("progress", notice.data, notice.id)
        elif notice.kind == "output":
            yield from self._results(snapshot, notice.id)
        elif notice.kind == "text_withheld":
            if not self.is_withheld:
                self.is_withheld = True
                yield ServerEvent("text_withheld", notice.data, notice.id)
        elif notice.kind == "verdict":
            yield from self._verdicts(snapshot, notice.id)
        elif notice.kind == "state":
            state = (notice.data["state"], int(notice.data["attempt"]))
            if state != self.state:
                self.state = state
                yield ServerEvent("state", notice.data, notice.id)

    def from_row(self, snapshot: Snapshot) -> Iterator[ServerEvent]:
        """Return what the row knows and this stream has not said; these events have no id."""
        state = (snapshot.state, snapshot.attempt)
        if state != self.state:
            self.state = state
            yield ServerEvent("state", snapshot.describe_state())
        yield from self._text(len(snapshot.released_text), snapshot, "")
        if snapshot.is_text_withheld and not self.is_withheld:
            self.is_withheld = True
            yield ServerEvent("text_withheld", {"because": "held"})
        if snapshot.progress is not None and snapshot.place > self.place:
            self.place = snapshot.place
            yield ServerEvent("progress", dict(snapshot.progress))
        yield from self._results(snapshot, "")
        yield from self._verdicts(snapshot, "")

    def _text(self, end: int, snapshot: Snapshot, event_id: str) -> Iterator[ServerEvent]:
        # Taken from the row, whatever the board says: only what is stored as released is shown,
        # nothing twice, and a gap (a lost notice) closes itself.
        start, fresh = self.characters, snapshot.released_text[self.characters : end]
        if fresh:
            self.characters = start + len(fresh)
            yield ServerEvent("text", {"offset": start, "text": fresh}, event_id)

    def _results(self, snapshot: Snapshot, event_id: str) -> Iterator[ServerEvent]:
        if len(snapshot.results) > 1:
            for result in snapshot.results:
                if result.is_settled and result.index not in self.settled:
                    self.settled.add(result.index)
                    yield ServerEvent("output", result.describe(), event_id)

    def _verdicts(self, snapshot: Snapshot, event_id: str) -> Iterator[ServerEvent]:
        for output in snapshot.outputs:
            if output.is_judged and self.verdicts.get(output.asset_id, 0) < output.version:
                self.verdicts[output.asset_id] = output.version
                yield ServerEvent("verdict", output.describe(), event_id)
