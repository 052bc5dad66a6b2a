"""What the model servers hold, seen together with what the registry knows of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.conf import settings
from django.db.models import Count

from generation.app.models import Job, Served
from generation.app.registry.selectors import require_reader
from generation.app.registry.snapshot import snapshot
from generation.core.catalogue import Model
from generation.core.eviction import Resident
from generation.core.triton_control import HeldModel, ModelServer, ServerAway, ServerState
from tidegate.accounts.viewers import Viewer


@dataclass(frozen=True, slots=True)
class Holding:
    """One model on one server. `models` are those of the catalogue that run on it.

    `jobs_waiting` and `jobs_running` are of all servers together; `loads` and the last error are
    this server's.
    """

    held: HeldModel
    models: tuple[str, ...]
    jobs_waiting: int
    jobs_running: int
    loads: int
    loaded_at: datetime | None
    load_seconds: float | None
    last_error: str
    last_error_at: datetime | None


@dataclass(frozen=True, slots=True)
class Server:
    """A model server as it answered just now; `problem` says why it did not."""

    url: str
    version: str
    is_live: bool
    problem: str
    holdings: tuple[Holding, ...]


@cache
def model_server() -> ModelServer:
    """Return this process's connection to the control side of the server."""
    return ModelServer(settings.TRITON_GRPC_URL)


def servers(viewer: Viewer) -> list[Server]:
    """Return every server with what it holds. For policy admins and auditors.

    Models of the repositories that were never loaded and that no entry names are left out.
    """
    require_reader(viewer)
    return [_server(model_server())]


def triton_models() -> dict[str, tuple[Model, ...]]:
    """Return the models of the catalogue by the Triton model they run on, offered or not."""
    found: dict[str, tuple[Model, ...]] = {}
    for offer in snapshot().offers.values():
        for model in (offer.stable, offer.canary):
            if model is not None:
                found[model.triton_model] = (*found.get(model.triton_model, ()), model)
    return found


def residents(state: ServerState) -> list[Resident]:
    """Return the generators that a server holds ready, with when each was last used."""
    known = triton_models()
    ready = [held for held in state.models.values() if held.is_ready and held.name in known]
    busy = _jobs(model.name for held in ready for model in known[held.name])
    served = _served(state.url)
    return [
        Resident(
            name=held.name,
            loading=known[held.name][0].loading,
            used_at=_latest(
                held.last_inference_at,
                served[held.name].loaded_at if held.name in served else None,
            ),
            is_busy=any(busy.get((model.name, "running"), 0) for model in known[held.name]),
        )
        for held in ready
    ]


def _server(server: ModelServer) -> Server:
    try:
        state = server.state()
    except ServerAway as error:
        return Server(server.url, "", is_live=False, problem=str(error), holdings=())
    known = triton_models()
    names = {model.name for models in known.values() for model in models}
    jobs, served = _jobs(names), _served(server.url)
    return Server(
        url=server.url,
        version=state.version,
        is_live=True,
        problem="",
        holdings=tuple(
            _holding(held, known.get(held.name, ()), jobs, served.get(held.name))
            for held in state.models.values()
            if held.state or held.name in known
        ),
    )


def _holding(
    held: HeldModel,
    models: tuple[Model, ...],
    jobs: Mapping[tuple[str, str], int],
    served: Served | None,
) -> Holding:
    names = tuple(sorted({model.name for model in models}))
    return Holding(
        held=held,
        models=names,
        jobs_waiting=sum(jobs.get((name, "queued"), 0) for name in names),
        jobs_running=sum(jobs.get((name, "running"), 0) for name in names),
        loads=0 if served is None else served.loads,
        loaded_at=None if served is None else served.loaded_at,
        load_seconds=None if served is None else served.load_seconds,
        last_error=held.reason or ("" if served is None else served.last_error),
        last_error_at=None if served is None else served.last_error_at,
    )


def _jobs(names: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return how many jobs of these models wait or run, by model and state."""
    open_states = [Job.State.QUEUED, Job.State.RUNNING]
    counted = (
        Job.objects.filter(state__in=open_states, model_name__in=set(names))
        .values_list("model_name", "state")
        .annotate(jobs=Count("pk"))
    )
    return {(name, state): jobs for name, state, jobs in counted}


def _served(url: str) -> dict[str, Served]:
    return {row.triton_model: row for row in Served.objects.filter(server=url)}


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
