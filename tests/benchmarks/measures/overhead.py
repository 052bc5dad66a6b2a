"""What the platform adds to a call of each kind, and to thirty-two at once.

Both sides take turns in one run: the same request, the same seed, each waiting for the other and
for the gate's verdict.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from django.conf import settings

from generation.core.triton import Generator
from generation.core.windows import WINDOW_CHARACTERS
from tests.benchmarks.calls import (
    Call,
    arrivals,
    directly,
    first_words,
    through,
)
from tests.benchmarks.figures import Result, Target, median
from tests.benchmarks.measures.images import SETTLING_SECONDS, TEXT, pair, picture_of
from tests.benchmarks.stand import Client, Stand

_ROUNDS = 12
_AT_ONCE = 32
_SPEECH = Call("kokoro-82m", "kokoro_speech", "The harbour is quiet this morning.")


def measure(stand: Stand) -> Result:
    """Return medians in seconds and ratios of image, speech, text and a crowd of images."""
    result = Result("overhead")
    client = Client.fresh(stand.url)
    seeds = count(int(time.time()) * 1000)
    with Generator(settings.TRITON_GRPC_URL) as generator:
        for kind, call in (("image", None), ("speech", _SPEECH)):
            rounds = [
                pair(client, generator, call or picture_of(index), next(seeds), flip=index % 2 == 1)
                for index in range(_ROUNDS + 1)
            ][1:]
            _compare(result, kind, [a for a, _ in rounds], [b for _, b in rounds])
        _first_windows(result, client, generator, seeds)
        _crowd(result, client, generator, seeds)
    return result


def _compare(result: Result, kind: str, ours: list[float], direct: list[float]) -> None:
    ratio = median(ours) / median(direct)
    result.figures |= {
        f"{kind}_through_platform_median_s": median(ours),
        f"{kind}_direct_median_s": median(direct),
        f"{kind}_ratio": ratio,
    }
    result.targets.append(Target(f"{kind} job over the direct call", 1.05, ratio))


def _first_windows(
    result: Result, client: Client, generator: Generator, seeds: "count[int]"
) -> None:
    """Compare the first released words with the first window of the same text called directly.

    The gate judges a window as a whole and keeps its last words back until more have come, so
    the time of as many characters as were shown is given, too.
    """
    ours, window, shown = [], [], []
    for _ in range(_ROUNDS + 1):
        seed = next(seeds)
        found = first_words(client, TEXT, seed)
        time.sleep(SETTLING_SECONDS)
        if found is None:
            continue  # held as a whole: no window was ever shown
        seconds, characters = found
        ours.append(seconds)
        counts = (characters, WINDOW_CHARACTERS)
        times = arrivals(generator, TEXT, seed, counts)
        shown.append(times[0])
        window.append(times[1])
        time.sleep(SETTLING_SECONDS)
    added = 1000 * (median(ours[1:]) - median(window[1:]))
    result.figures |= {
        "text_first_window_median_s": median(ours[1:]),
        "text_direct_first_window_median_s": median(window[1:]),
        "text_first_window_added_ms": added,
        "text_direct_same_characters_median_s": median(shown[1:]),
        "text_first_window_rounds": len(ours) - 1,
    }
    result.targets.append(Target("first words, gated, after the direct call's (ms)", 150.0, added))


def _crowd(result: Result, client: Client, generator: Generator, seeds: "count[int]") -> None:
    """Compare thirty-two images asked for at once."""
    ours: list[float] = []
    direct: list[float] = []
    for flip in (False, True):
        wave = [(picture_of(index), next(seeds)) for index in range(_AT_ONCE)]

        def platform(wave: list[tuple[Call, int]] = wave) -> float:
            return _at_once(lambda call, seed: through(client, call, seed), wave)

        def server(wave: list[tuple[Call, int]] = wave) -> float:
            return _at_once(lambda call, seed: directly(generator, call, seed), wave)

        for side in (server, platform) if flip else (platform, server):
            (ours if side is platform else direct).append(side())
            time.sleep(1.0)
    ratio = sum(ours) / sum(direct)
    result.figures |= {
        "crowd_jobs_count": _AT_ONCE,
        "crowd_through_platform_s": sum(ours) / len(ours),
        "crowd_direct_s": sum(direct) / len(direct),
        "crowd_ratio": ratio,
    }
    result.targets.append(
        Target(f"{_AT_ONCE} image jobs at once over the direct calls", 1.1, ratio)
    )


def _at_once(one: Callable[[Call, int], float], wave: list[tuple[Call, int]]) -> float:
    """Return the seconds until the last of them is done (their own time, not their verdict's)."""
    began = time.perf_counter()

    def run(item: tuple[Call, int]) -> float:
        started = time.perf_counter()
        return started - began + one(*item)

    with ThreadPoolExecutor(len(wave)) as pool:
        return max(pool.map(run, wave))
