"""Accepting a job over a bare view that inserts one row, served by the same process.

Workers are stopped meanwhile: what is measured is the way from the request to the answer, and on
a small machine the generators would take the cores from it. Everything else of the stack runs.
A job is accepted with its prompt screened, whether the prompt is new or known; the screening is
measured by itself too.
"""

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from django.db import connection

from generation.app.models import Job
from generation.app.services import cancel_job
from tests.benchmarks.figures import Result, Target, percentile
from tests.benchmarks.probe.models import Request
from tests.benchmarks.stand import Client, Stand
from tidegate.accounts.selectors import viewer_for_user
from tidegate.contracts.ports import gate
from tidegate.primitives.ids import new_id

_TURNS = 6
_TIMES = 300
_AT_ONCE = 8
_TIMES_AT_ONCE = 960
_MODEL = "smollm2-135m"
_THINGS = ("bicycle", "lantern", "teapot", "rowing boat", "umbrella", "clock", "kite", "guitar")
_COLOURS = ("red", "green", "yellow", "silver", "white", "orange", "blue", "brown")
_PLACES = ("harbour", "market", "meadow", "station", "library", "orchard", "bridge", "cottage")


def measure(stand: Stand) -> Result:
    """Return p50 and p95 in milliseconds, one caller and eight, and the ratios of the p50."""
    result = Result("accept")
    with connection.cursor() as cursor:
        cursor.execute(Request.CREATE)
    with stand.web() as url:
        client = Client.fresh(url)
        with stand.paused("worker-"):
            _warm_up(client)
            for callers, times, suffix in ((1, _TIMES, ""), (_AT_ONCE, _TIMES_AT_ONCE, "_at_8")):
                # In turns, so that a busy moment of the machine meets all of them.
                rows: dict[str, list[float]] = {"bare": [], "accept": [], "known": []}
                for _ in range(_TURNS):
                    for name, call in (
                        ("bare", _bare),
                        ("accept", _fresh),
                        ("known", _known),
                    ):
                        rows[name] += _timed(client, call, callers, times // _TURNS)
                for name, values in rows.items():
                    result.figures[f"{name}{suffix}_p50_ms"] = percentile(values, 0.5)
                    result.figures[f"{name}{suffix}_p95_ms"] = percentile(values, 0.95)
            screening = [_screening() for _ in range(_TIMES // _TURNS + 1)][1:]
            result.figures["screening_p50_ms"] = percentile(screening, 0.5)
            result.figures["screening_p95_ms"] = percentile(screening, 0.95)
            _cancel_all(client)
    figures = result.figures
    for suffix, words in (("", "one caller"), ("_at_8", "eight callers")):
        for name in ("accept", "known"):
            figures[f"{name}{suffix}_ratio"] = (
                figures[f"{name}{suffix}_p50_ms"] / figures[f"bare{suffix}_p50_ms"]
            )
            what = "new prompt" if name == "accept" else "known prompt"
            result.targets.append(
                Target(
                    f"accepting over a bare insert, {what}, {words} (ratio of p50)",
                    4.0,
                    figures[f"{name}{suffix}_ratio"],
                )
            )
    return result


def _warm_up(client: Client) -> None:
    for _ in range(10):
        _bare(client.http, client.project_id)
        _fresh(client.http, client.project_id)
        _known(client.http, client.project_id)


def _prompt() -> str:
    """Return a harmless prompt that was never asked before, also in no earlier run."""
    number = secrets.randbelow(10**7)
    thing = _THINGS[number % 8]
    colour, place = _COLOURS[number // 8 % 8], _PLACES[number // 64 % 8]
    return f"A {colour} {thing} in front of the old {place}, number {number}."


def _bare(http: httpx.Client, project_id: str) -> httpx.Response:
    return http.post("/bench/bare", json={"prompt": _prompt(), "model": _MODEL})


def _fresh(http: httpx.Client, project_id: str) -> httpx.Response:
    return _accept(http, project_id, _prompt())


def _known(http: httpx.Client, project_id: str) -> httpx.Response:
    return _accept(http, project_id, "A lighthouse above a calm sea.")


def _accept(http: httpx.Client, project_id: str, prompt: str) -> httpx.Response:
    return http.post(
        "/api/v1/jobs", json={"project_id": project_id, "model": _MODEL, "prompt": prompt}
    )


def _timed(
    client: Client,
    call: Callable[[httpx.Client, str], httpx.Response],
    callers: int,
    times: int,
) -> list[float]:
    """Return each call's milliseconds, made by so many callers at a time."""

    def one_caller(share: int) -> list[float]:
        with httpx.Client(
            base_url=client.http.base_url, headers=client.http.headers, timeout=60.0
        ) as http:
            http.get("/healthz")  # the connection is not part of the call
            taken = []
            for _ in range(share):
                began = time.perf_counter()
                answer = call(http, client.project_id)
                taken.append((time.perf_counter() - began) * 1000)
                answer.raise_for_status()
                body = answer.json()
                if "is_screened" in body and not body["is_screened"]:
                    raise RuntimeError("a prompt was not screened in time")
            return taken

    with ThreadPoolExecutor(callers) as pool:
        shares = pool.map(one_caller, [times // callers] * callers)
        return [value for share in shares for value in share]


def _screening() -> float:
    """Return the milliseconds of the gate's answer about a new prompt, asked in this process."""
    began = time.perf_counter()
    ruling = gate().screen_prompt(prompt=_prompt(), modality="text", correlation_id=new_id())
    taken = (time.perf_counter() - began) * 1000
    if ruling.verdict == "unavailable":
        raise RuntimeError("the gate did not answer")
    return taken


def _cancel_all(client: Client) -> None:
    jobs = Job.objects.filter(project_id=client.project_id, state=Job.State.QUEUED)
    for job in jobs.select_related("requested_by"):
        cancel_job(viewer=viewer_for_user(job.requested_by), job_id=job.pk)
