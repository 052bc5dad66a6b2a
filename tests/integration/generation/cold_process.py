"""Callers of a cold model in a process of their own.

`python -m tests.integration.generation.cold_process MODEL CALLERS` says `ready`, waits for a line,
asks, and prints how many were answered.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

from generation.app.registry.asking import pieces_of  # noqa: E402
from generation.core.triton import Generator  # noqa: E402
from generation.core.wire import Done  # noqa: E402


def main(name: str, callers: int) -> None:
    """Ask once per caller, all at once."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with Generator(settings.TRITON_GRPC_URL) as generator, ThreadPoolExecutor(callers) as pool:
        answers = list(pool.map(lambda _: _answered(generator, name), range(callers)))
    sys.stdout.write(f"{sum(answers)}\n")


def _answered(generator: Generator, name: str) -> bool:
    ask = partial(
        generator.stream,
        model=name,
        prompt="p",
        parameters={},
        seed=1,
        deadline_seconds=60.0,
        cancelled=lambda: False,
    )
    try:
        pieces = list(pieces_of(ask, triton_model=name, hold=nullcontext, cancelled=lambda: False))
    finally:
        connections.close_all()
    return pieces[-1:] == [Done("stop", "v1")]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
