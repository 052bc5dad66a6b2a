"""Loading a model again whose process is gone although the server calls it ready.

Triton 2.51 does not start a model's process again (seen: killed once, "is not healthy" for ever),
so what the kernel's memory killer took would stay away until somebody restarts the server.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from generation.app.models import Served
from generation.app.registry.servers import model_server
from generation.app.registry.services.loading import POLL_SECONDS, load, lock
from generation.core.triton import Cancelled, GeneratorUnavailable
from generation.core.triton_control import LoadRefused, ModelServer, ServerAway

logger = logging.getLogger("generation.registry")


def revive(
    *,
    triton_model: str,
    broken_since: datetime,
    cancelled: Callable[[], bool],
    server: ModelServer | None = None,
) -> None:
    """Unload and load a model whose process is gone; once for all who noticed.

    Args:
        triton_model: The model's name on the server.
        broken_since: When the caller asked; a model that was loaded later is alive again.
        cancelled: Asked a few times a second while somebody else loads.
        server: Another one than the process's own.

    Raises:
        ModelCrashed: it cannot be loaded any more, and is disabled.
        GeneratorUnavailable: the server is away.
        Cancelled: `cancelled` said so.
    """
    chosen = server or model_server()
    try:
        while not _try(chosen, triton_model, broken_since):
            if cancelled():
                raise Cancelled("the request was cancelled")
            time.sleep(POLL_SECONDS)
    except (ServerAway, LoadRefused) as error:
        raise GeneratorUnavailable(str(error)) from error


def _try(server: ModelServer, triton_model: str, broken_since: datetime) -> bool:
    """Revive the model if its lock is free; False while somebody else holds it."""
    with lock(server, triton_model) as is_mine:
        if not is_mine:
            return False
        if not Served.objects.filter(
            server=server.url, triton_model=triton_model, loaded_at__gt=broken_since
        ).exists():
            logger.warning("the process of %s is gone; it is loaded again", triton_model)
            server.unload(triton_model)
            load(server, triton_model)
        return True
