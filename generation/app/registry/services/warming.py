"""The first request to a model that was just loaded, so that nobody's is the slow one."""

import logging

from generation.core.catalogue import Model, check_parameters
from generation.core.triton import DeadlineExceeded, Generator, GeneratorUnavailable
from generation.core.wire import InvalidRequest

logger = logging.getLogger("generation.registry")

SEED = 0


def warm_up(model: Model, *, url: str) -> str:
    """Ask a server for what the entry's `warm_up` says, drop the answer; return what went wrong.

    A model that answers badly is loaded all the same: its first real request says so to somebody
    who waits for it.
    """
    if not model.loading.warm_up:
        return ""
    values, _ = check_parameters(model, {})
    try:
        with Generator(url) as generator:
            for _piece in generator.stream(
                model=model.triton_model,
                prompt=model.loading.warm_up,
                parameters=values,
                seed=SEED,
                deadline_seconds=float(model.limits.deadline_seconds),
                cancelled=lambda: False,
            ):
                pass
    except (GeneratorUnavailable, InvalidRequest, DeadlineExceeded) as error:
        logger.warning("%s does not warm up: %s", model.triton_model, error)
        return f"warm-up: {error}"
    return ""
