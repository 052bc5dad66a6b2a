"""kill -9 anywhere: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, transaction

from tests.integration.events.support import PATIENCE_SECONDS, MortalBroker, a_case, eventually
from tidegate.events.models import Inbox
from tidegate.events.services import announce_all
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def process(role: str, broker: MortalBroker) -> Iterator[subprocess.Popen[bytes]]:
    """Run the relay or the consumer on the test's database and broker."""
    database = connection.settings_dict
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.events.reader_process", role],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
            "DJANGO_SETTINGS_MODULE": "tidegate.settings.test",
            "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}"
            f"?host={quote(str(database['HOST']), safe='')}",
            "KAFKA_BOOTSTRAP_SERVERS": broker.server.address,
        },
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def test_killing_relay_and_consumer_again_and_again_loses_and_doubles_nothing(
    mortal_broker: MortalBroker, effects: Callable[[], list[str]]
) -> None:
    chance = random.Random(7)
    keys = [new_id() for _ in range(20)]
    total = 0
    with ExitStack() as stack:
        lives = {
            role: stack.enter_context(process(role, mortal_broker)) for role in ("relay", "consume")
        }
        for round_number in range(4):
            with transaction.atomic():
                announce_all(
                    [a_case(keys[n % 20], f"{n % 20}:{n}") for n in range(total, total + 200)]
                )
            total += 200
            expected = total - 200 + chance.randrange(1, 150)
            eventually(lambda: len(effects()) >= expected, what="work under way")  # noqa: B023
            role = ("consume", "relay")[round_number % 2]
            lives[role].send_signal(signal.SIGKILL)
            lives[role].wait()
            lives[role] = stack.enter_context(process(role, mortal_broker))
        eventually(lambda: len(effects()) >= total, what="everything handled")
    rows = effects()
    assert len(rows) == len(set(rows)) == total
    assert Inbox.objects.filter(consumer="mortal").count() == total
    for key in range(20):
        numbers = [int(row.split(":")[1]) for row in rows if row.startswith(f"{key}:")]
        assert numbers == sorted(numbers)


def test_asked_to_stop_both_end_cleanly(
    mortal_broker: MortalBroker, effects: Callable[[], list[str]]
) -> None:
    with process("relay", mortal_broker) as relay, process("consume", mortal_broker) as consumer:
        with transaction.atomic():
            announce_all([a_case(because=str(n)) for n in range(50)])
        eventually(lambda: len(effects()) >= 50, what="all handled")
        for child in (relay, consumer):
            child.send_signal(signal.SIGTERM)
        assert [child.wait(PATIENCE_SECONDS) for child in (relay, consumer)] == [0, 0]
