"""An image job through the platform over the same call made directly, and the first words.

The two take turns, with the same request each time, and wait for each other: also for the gate's
verdict, whose detectors would otherwise take the cores from the direct call.
"""

import time
from itertools import count

from django.conf import settings

from generation.core.triton import Generator
from tests.benchmarks.calls import Call, directly, first_words, through
from tests.benchmarks.figures import Result, Target, median, percentile
from tests.benchmarks.stand import Client, Stand

_ROUNDS = 40  # a call varies by a twentieth; the medians of these by a hundredth
_TEXTS = 16
_PROMPTS = ("a red apple", "a green heart", "a yellow star", "a blue house")
TEXT = Call(
    "smollm2-135m",
    "smollm2_text",
    "Write two sentences about a quiet harbour in the morning.",
    {"max_tokens": 40},
)
SETTLING_SECONDS = 0.3


def measure(stand: Stand) -> Result:
    """Return wall times in seconds and their ratio."""
    client = Client.fresh(stand.url)
    seeds = count(int(time.time()) * 1000)
    through_platform: list[float] = []
    direct: list[float] = []
    with Generator(settings.TRITON_GRPC_URL) as generator:
        for index in range(-1, _ROUNDS):
            a, b = pair(client, generator, picture_of(index), next(seeds), flip=bool(index % 2))
            if index >= 0:  # the first round warms both up
                through_platform.append(a)
                direct.append(b)
        asked = []
        for _ in range(_TEXTS + 1):
            asked.append(first_words(client, TEXT, next(seeds)))
            time.sleep(SETTLING_SECONDS)
    waited = [found[0] for found in asked[1:] if found is not None]
    ratio = median(through_platform) / median(direct)
    return Result(
        "images",
        {
            "image_through_platform_median_s": median(through_platform),
            "image_direct_median_s": median(direct),
            "image_ratio": ratio,
            "image_added_median_ms": 1000
            * median([a - b for a, b in zip(through_platform, direct, strict=True)]),
            "image_rounds": len(through_platform),
            "text_streamed_count": len(waited),
            "text_first_window_p50_s": median(waited),
            "text_first_window_p95_s": percentile(waited, 0.95),
        },
        [Target("image job over the direct call (ratio of medians)", 1.10, ratio)],
    )


def picture_of(index: int) -> Call:
    """Return one of a few picture requests."""
    prompt = _PROMPTS[index % len(_PROMPTS)]
    parameters = {"steps": 20, "guidance": 3.0, "size": 256}
    return Call("tidegate-image", "tidegate_image", prompt, parameters)


def pair(
    client: Client, generator: Generator, call: Call, seed: int, *, flip: bool
) -> tuple[float, float]:
    """Return the seconds of one call through the platform and directly; `flip`: directly first."""
    taken: dict[str, float] = {}
    for side in ("direct", "through") if flip else ("through", "direct"):
        if side == "through":
            taken[side] = through(client, call, seed)
        else:
            taken[side] = directly(generator, call, seed)
        time.sleep(SETTLING_SECONDS)
    return taken["through"], taken["direct"]
