"""What each process of the stack keeps in memory, after whatever was measured before."""

import re

import psutil

from tests.benchmarks.figures import Result
from tests.benchmarks.stand import Stand

_MODEL = re.compile(r"/(?P<name>[a-z0-9_]+)/\d+/model\.py$")
_MEGA = 1_000_000


def measure(stand: Stand) -> Result:
    """Return resident megabytes per unit (with its children), and per model inside Triton."""
    state = stand.state
    result = Result("memory")
    supervisor = psutil.Process(state.supervisor)
    everything = [supervisor]
    result.figures["supervisor_rss_mb"] = _rss([supervisor])
    for name, unit in state.units.items():
        if unit.pid is None:
            continue
        process = psutil.Process(unit.pid)
        family = [process, *process.children(recursive=True)]
        everything += family
        result.figures[f"{name.replace('-', '_')}_rss_mb"] = _rss(family)
        for member in family:
            model = next(
                (found["name"] for word in member.cmdline() if (found := _MODEL.search(word))), None
            )
            if model:
                result.figures[f"{name}_{model}_rss_mb"] = _rss([member])
    result.figures["total_pss_mb"] = sum(one.memory_full_info().pss for one in everything) / _MEGA
    result.notes.append(
        "rss counts shared pages in every process that has them; the total is proportional (pss)."
    )
    return result


def _rss(processes: list[psutil.Process]) -> float:
    return sum(process.memory_info().rss for process in processes) / _MEGA
