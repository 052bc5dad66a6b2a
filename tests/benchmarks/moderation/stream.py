"""`python -m tests.benchmarks.moderation.stream`: the gate's consumer, and the gate of a stream.

The consumer runs as the real commands, `relay` and `consume`, on a database, a broker and a Triton
of their own. Outputs are made in one transaction, so all of them are owed at one moment; the clock
runs from its commit until the last one is in the consumer's inbox. Side by side: the consumer that
does nothing (that of the benchmark "events"), the gate with detectors that answer at once, the same
where one author made them all (the spam detector then looks at each against the others, and holds
most of them with a case), and the gate with the real ones.

The stream's gate is asked as a text grows at a steady pace; what it adds to a window is the time of
one call, what it adds to the first words is how much later they come than they were written.
"""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import connection, transaction
from rich.console import Console

from moderation.core.triton import Detectors
from tests.benchmarks.figures import Result, Target, median, percentile, print_summary
from tests.benchmarks.probe.apps import CONSUMER, DETECTORS
from tests.benchmarks.stand import Stand
from tidegate.contracts.assets import AssetCreated
from tidegate.contracts.generation import JobQueued
from tidegate.primitives.ids import new_id
from tidegate.stack.processes import wait_for

if TYPE_CHECKING:
    # These modules need Django, which needs the database's address.
    from tidegate.accounts.models import User
    from tidegate.projects.models import Project

_OUTPUTS = 600
_OUTPUTS_OF_ONE = 300
_OUTPUTS_WITH_DETECTORS = 150
_PROJECTS, _AUTHORS_EACH = 5, 20
_ROUNDS = 3
_PATIENCE_SECONDS = 300.0
_PIECE, _PIECES_PER_SECOND = 4, 30.0
_STREAMS = 12
_TEXT = (
    "The boats of harbour {0} came in with the first light. The market opened at seven, and by"
    " nine the bread of bakery {0} was sold. In the afternoon it rained; children ran home along"
    " the wall, and an old man with number {0} on his cap closed the lighthouse for the day."
)
_HANDLED = """
SELECT count(*) FROM events_outbox o JOIN events_inbox i USING (event_id)
WHERE o.type = %s AND i.consumer = %s AND o.position > %s
"""


def main() -> int:
    """Measure, print, write `var/bench/gate-stream.json`. A missed promise is no failure."""
    with Stand.of_servers() as stand:
        result = measure(stand)
        result.write(stand.folder)
    console = Console(highlight=False)
    result.print(console)
    print_summary(console, [result])
    return 0


def measure(stand: Stand) -> Result:
    """Return outputs and events a second, and milliseconds of windows."""
    rates: dict[str, list[float]] = {"plain": [], "off": [], "flood": [], "on": []}
    with stand.process("bench-relay", "-m", "django", "relay"):
        for _ in range(_ROUNDS):
            for name, consumer, make, how_many, type_ in (
                ("plain", CONSUMER, _announce, _OUTPUTS, JobQueued.TYPE),
                ("off", "moderation", _make, _OUTPUTS, AssetCreated.TYPE),
                ("flood", "moderation", _make_one_authors, _OUTPUTS_OF_ONE, AssetCreated.TYPE),
                ("on", "moderation", _make, _OUTPUTS_WITH_DETECTORS, AssetCreated.TYPE),
            ):
                variables = {DETECTORS: "" if name == "on" else "off"}
                command = ("-m", "django", "consume", consumer)
                with stand.process(f"bench-{name}", *command, variables=variables):
                    # The consumer has joined its group, and its connections are open.
                    _seconds(make, 4, consumer, type_)
                    rates[name].append(how_many / _seconds(make, how_many, consumer, type_))
    plain, off, flood, on = (median(found) for found in rates.values())
    figures = {
        "gate_outputs_count": _OUTPUTS,
        "plain_exactly_once_events_per_s": plain,
        "gate_detectors_off_assets_per_s": off,
        "gate_detectors_off_one_author_assets_per_s": flood,
        "gate_detectors_on_assets_per_s": on,
        "gate_off_ratio_to_plain": off / plain,
        **_streams(stand),
    }
    promised = "consumer without classifiers over the plain exactly-once consumer (ratio)"
    return Result(
        "gate-stream", figures, [Target(promised, 0.5, figures["gate_off_ratio_to_plain"], True)]
    )


def _seconds(make: Callable[[int], None], how_many: int, consumer: str, type_: str) -> float:
    """Return how long the consumer took from the commit that owes it so many events."""
    start = _one("SELECT coalesce(max(position), 0) FROM events_outbox")
    with transaction.atomic():
        make(how_many)
    began = time.perf_counter()

    def is_done() -> bool:
        # Asking costs the database something too.
        time.sleep(0.02)
        return _one(_HANDLED, type_, consumer, start) >= how_many

    if not wait_for(is_done, seconds=_PATIENCE_SECONDS):
        raise RuntimeError(f"{consumer}: {how_many} events took over {_PATIENCE_SECONDS:.0f} s")
    return time.perf_counter() - began


def _announce(how_many: int) -> None:
    from tidegate.events.services import announce_all

    organisation, project, person = new_id(), new_id(), new_id()
    announce_all(
        [
            JobQueued(new_id(), organisation, project, person, "smollm2-135m", "text")
            for _ in range(how_many)
        ]
    )


def _make(how_many: int) -> None:
    """Make outputs of many authors, in some organisations."""
    from tests.factories import make_project, make_user

    projects = [make_project() for _ in range(_PROJECTS)]
    authors = [make_user() for _ in range(_PROJECTS * _AUTHORS_EACH)]
    for number in range(how_many):
        _make_text(number, projects[number % _PROJECTS], authors[number % len(authors)])


def _make_one_authors(how_many: int) -> None:
    from tests.factories import make_project

    project = make_project()
    for number in range(how_many):
        _make_text(number, project, project.created_by)


def _make_text(number: int, project: "Project", owner: "User") -> None:
    from tests.factories import make_asset

    # Every text is new: one that was judged before is remembered.
    text = _TEXT.format(f"{number}-{uuid4().hex[:6]}")
    make_asset(project, owner=owner, visibility="pending", prompt="A harbour.", text=text)


def _streams(stand: Stand) -> dict[str, float]:
    """Return ms of windows, and by how much the first words come later than they were written."""
    from moderation.app.engine import build
    from moderation.app.gate import ModerationGate
    from moderation.core import policy as policies
    from moderation.core import wordlists

    words = wordlists.load()
    detectors = Detectors(stand.triton_url)
    policy = policies.load(lists_digest=words.digest)
    engine = build(policy=policy, words=words, detectors=detectors)
    gate = ModerationGate(lambda: engine)
    windows: list[float] = []
    first: list[float] = []
    for number in range(_STREAMS):
        whole, shown, began = _TEXT.format(uuid4().hex[:6]), 0, time.perf_counter()
        for end in [*range(_PIECE, len(whole), _PIECE), len(whole)]:
            due = began + end / _PIECE / _PIECES_PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            asked = time.perf_counter()
            ruling = gate.window(
                text=whole[:end],
                released_characters=shown,
                is_final=end == len(whole),
                correlation_id=uuid4(),
            )
            if ruling.verdict != "release":
                raise RuntimeError(f"a harmless stream was not released: {ruling}")
            if ruling.released_characters > shown:
                windows.append(time.perf_counter() - asked)
                if not shown:
                    first.append(time.perf_counter() - began - 1 / _PIECES_PER_SECOND)
            shown = ruling.released_characters
        if number == 0:  # it opened the connection
            windows.clear()
            first.clear()
    detectors.close()
    return {
        "stream_windows_count": len(windows),
        "stream_window_p50_ms": 1_000 * percentile(windows, 0.5),
        "stream_window_p95_ms": 1_000 * percentile(windows, 0.95),
        "stream_first_words_later_p50_ms": 1_000 * percentile(first, 0.5),
        "stream_first_words_later_p95_ms": 1_000 * percentile(first, 0.95),
    }


def _one(query: str, *values: str | int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    sys.exit(main())
