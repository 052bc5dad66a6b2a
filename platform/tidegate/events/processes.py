"""What the long-running commands share: saying that they run, a clean end, quiet libraries."""

import logging
import os
import signal
import threading
from pathlib import Path
from types import FrameType


def stop_on_signal() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; the process then ends when it is ready."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop


def say_ready() -> None:
    """Touch the file that a supervisor watches, if it asked for one."""
    file = os.environ.get("TIDEGATE_READY_FILE")
    if file:
        Path(file).touch()


def quieten_clients() -> None:
    """Silence kafka-python, which logs every try; our own loops log every change."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
