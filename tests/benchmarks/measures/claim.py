"""What it costs to claim a job: with a short queue, and with 100,000 waiting after 100,000 ended.

The claim is the whole of it, as a worker makes it: turns charged, lease, audit entry, commit.
"""

import time
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from generation.app.services import claim_job
from tests.benchmarks.figures import Result, Target, percentile
from tests.benchmarks.stand import Stand
from tests.factories.crowd import MODALITY, clear, end_running, make_jobs, make_tenants

_QUEUED = 100_000
_TENANTS = 1_000
_CLAIMS = 400
_AT_ONCE = 4


def measure(stand: Stand) -> Result:
    """Return p50 and p99 in milliseconds, and their ratio between the long queue and the short."""
    result = Result("claim")
    with stand.paused("worker-", "beat"):
        tenants = make_tenants(_TENANTS)
        clear()
        make_jobs(tenants[:10], 1_000)
        short = _claims()
        clear()
        make_jobs(tenants, _QUEUED, state="succeeded")
        make_jobs(tenants, _QUEUED)
        began = time.perf_counter()
        _claim(0)  # the first one answers the bells of a thousand tenants
        result.figures["claim_first_of_1000_tenants_ms"] = 1000 * (time.perf_counter() - began)
        long = _claims()
        at_once = _claims_at_once()
        clear()
    for name, values in (("short_queue", short), ("queue_of_100000", long)):
        result.figures[f"claim_{name}_p50_ms"] = percentile(values, 0.5)
        result.figures[f"claim_{name}_p99_ms"] = percentile(values, 0.99)
    result.figures["claim_long_over_short_p50_ratio"] = (
        result.figures["claim_queue_of_100000_p50_ms"] / result.figures["claim_short_queue_p50_ms"]
    )
    result.figures[f"claim_{_AT_ONCE}_workers_per_s"] = at_once
    result.targets.append(
        Target(
            "claim with 100,000 queued jobs, p99 (ms)",
            10.0,
            result.figures["claim_queue_of_100000_p99_ms"],
        )
    )
    return result


def _claims() -> list[float]:
    taken = []
    for number in range(_CLAIMS):
        began = time.perf_counter()
        _claim(number)
        taken.append(1000 * (time.perf_counter() - began))
        if number % 20 == 19:
            end_running()
    return taken


def _claim(number: int) -> None:
    if claim_job(modality=MODALITY, worker=f"bench-{number}-{time.monotonic_ns()}") is None:
        raise RuntimeError("nothing was claimed although much waits")


def _claims_at_once() -> float:
    """Return how many claims a second several workers make together."""

    def work(_: int) -> None:
        try:
            for number in range(_CLAIMS // _AT_ONCE):
                _claim(number)
        finally:
            connections.close_all()

    began = time.perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(work, range(_AT_ONCE)))
    return _CLAIMS / (time.perf_counter() - began)
