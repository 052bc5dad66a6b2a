"""How evenly ten organisations are served, nine with one job for the tenth's fifty.

Jobs cost from one to four credits. Workers are played: each claim is a job that takes as long as it
costs, on four workers at a time, so that what is measured is the queue and not the machine.
"""

import heapq
import random
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from django.db.models import F

from generation.app.claims import Claim
from generation.app.models import Job
from generation.app.services import claim_job
from generation.core.fairness import jain_index
from tests.benchmarks.figures import Result, Target
from tests.benchmarks.stand import Stand
from tests.factories.crowd import MODALITY, Tenant, clear, make_jobs, make_tenants

_LOAD = 30
_HEAVY = 50
_WORKERS = 4


def measure(stand: Stand) -> Result:
    """Return Jain's index of served credits, and how long a newcomer waits, in job lengths."""
    result = Result("fairness")
    with stand.paused("worker-", "beat"):
        clear()
        tenants = make_tenants(11)
        _fill(tenants[:10])
        served, waited = _play(tenants[:10], newcomer=tenants[10])
        clear()
    result.figures["fairness_jain_index"] = jain_index(list(served.values()))
    result.figures["fairness_served_credits_count"] = sum(served.values())
    result.figures["fairness_newcomer_waited_job_lengths"] = waited
    result.targets += [
        Target(
            "Jain index of served credits, loads 1:…:1:50",
            0.97,
            result.figures["fairness_jain_index"],
            at_least=True,
        ),
        Target("a newcomer's first job starts within so many job lengths", 2.0, waited),
    ]
    return result


def _fill(tenants: list[Tenant]) -> None:
    for tenant in tenants[:9]:
        make_jobs([tenant], _LOAD)
    make_jobs([tenants[9]], _LOAD * _HEAVY)
    dice = random.Random(1)
    for number in range(1, 5):
        jobs = Job.objects.filter(modality=MODALITY, state="queued", cost_credits__lt=5)
        chosen = dice.sample(list(jobs.values_list("pk", flat=True)), jobs.count() // 4)
        Job.objects.filter(pk__in=chosen).update(cost_credits=10 + number)
    Job.objects.filter(modality=MODALITY, cost_credits__gt=10).update(
        cost_credits=F("cost_credits") - 10
    )


def _play(tenants: list[Tenant], *, newcomer: Tenant) -> tuple[Counter[UUID], float]:
    """Serve until somebody has no work left; then let a newcomer come."""
    served: Counter[UUID] = Counter({tenant.organisation_id: 0 for tenant in tenants})
    busy: list[tuple[float, int]] = []
    clock = 0.0

    def step() -> tuple[Claim, float]:
        nonlocal clock
        if len(busy) == _WORKERS:
            clock, _ = heapq.heappop(busy)
        claim = claim_job(modality=MODALITY, worker=f"bench-{time.monotonic_ns()}")
        if claim is None:
            raise RuntimeError("nothing was claimed although work waits")
        heapq.heappush(busy, (clock + _end(claim), time.monotonic_ns()))
        return claim, clock

    while _all_have_work(tenants):
        claim, _ = step()
        served[claim.organisation_id] += _cost(claim)
    make_jobs([newcomer], 1)
    return served, _waited(step, newcomer, since=clock)


def _waited(step: Callable[[], tuple[Claim, float]], newcomer: Tenant, *, since: float) -> float:
    """Return the time until the newcomer's job starts, in lengths of the longest job."""
    while True:
        claim, at = step()
        if claim.organisation_id == newcomer.organisation_id:
            return (at - since) / 4


def _all_have_work(tenants: list[Tenant]) -> bool:
    waiting = (
        Job.objects.filter(modality=MODALITY, state="queued")
        .values_list("organisation_id", flat=True)
        .distinct()
    )
    return len(set(waiting)) == len(tenants)


def _cost(claim: Claim) -> int:
    return Job.objects.values_list("cost_credits", flat=True).get(pk=claim.job_id)


def _end(claim: Claim) -> int:
    """End the claimed job as far as the queue sees it, and return how long it took."""
    Job.objects.filter(pk=claim.job_id).update(
        state="succeeded", lease_owner="", lease_expires_at=None, ended_at=F("started_at")
    )
    return _cost(claim)
