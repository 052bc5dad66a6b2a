"""What is done for models without being asked; it may run anywhere, any number of times."""

import logging
from dataclasses import dataclass

from generation.app.models import Served
from generation.app.registry.servers import model_server, residents, triton_models
from generation.app.registry.services.entries import sync_shipped
from generation.app.registry.services.loading import unload
from generation.app.registry.services.reviving import revive
from generation.core.eviction import idle
from generation.core.triton import GeneratorUnavailable
from generation.core.triton_control import HeldModel, ModelServer, ServerAway, ServerState
from tidegate.primitives.clock import now

logger = logging.getLogger("generation.registry")


@dataclass(frozen=True, slots=True)
class Tended:
    """What one run did; models by their names on the server."""

    synchronised: tuple[str, ...]
    unloaded: tuple[str, ...] = ()
    revived: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


class _Seen:
    """How many failures this process saw of each model when it last looked."""

    failures: dict[tuple[str, str], int] = {}


def tend() -> Tended:
    """Take up what is shipped, unload what is idle, load again what died, note what is broken."""
    lines = sync_shipped()
    for line in lines:
        logger.info("catalogue: %s", line)
    server = model_server()
    try:
        state = server.state()
        going = idle(residents(state), at=now())
        for name in going:
            unload(server, name, reason="idle")
        revived = [name for name in _failing(state) if _revived(server, name)]
    except ServerAway as error:
        logger.info("models are not tended: %s", error)
        return Tended(tuple(lines))
    broken = [held for held in state.models.values() if _is_broken(held)]
    for held in broken:
        _note(server.url, held)
    return Tended(tuple(lines), tuple(going), tuple(revived), tuple(held.name for held in broken))


def _failing(state: ServerState) -> list[str]:
    """Return the models that failed since the last look: generators, detectors, embedders."""
    names = []
    for held in state.models.values():
        key = (state.url, held.name)
        if held.is_ready and held.failures > _Seen.failures.get(key, 0):
            names.append(held.name)
        _Seen.failures[key] = held.failures
    return names


def _revived(server: ModelServer, name: str) -> bool:
    """Load a model again if its process is gone; one that only refuses requests is left alone."""
    noticed = now()
    try:
        if not server.has_lost_process(name):
            return False
        revive(triton_model=name, broken_since=noticed, cancelled=lambda: False)
    except (ServerAway, GeneratorUnavailable) as error:
        logger.warning("%s fails and is not loaded again: %s", name, error)
        return False
    return True


def _is_broken(held: HeldModel) -> bool:
    is_down = held.state == "UNAVAILABLE" and held.reason not in {"", "unloaded"}
    return is_down and held.name in triton_models()


def _note(url: str, held: HeldModel) -> None:
    reason = held.reason.replace("\x00", "")
    served, _ = Served.objects.get_or_create(server=url, triton_model=held.name)
    if served.last_error != reason:
        served.last_error, served.last_error_at = reason, now()
        served.save(update_fields=["last_error", "last_error_at"])
