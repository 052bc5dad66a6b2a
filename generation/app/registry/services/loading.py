"""Having models loaded: once, however many ask, in however many processes."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from kombu.exceptions import OperationalError as BrokerAway

from generation.app.models import RegisteredModel, Served
from generation.app.registry.folders import write_folder
from generation.app.registry.selectors import offer_of, require_model
from generation.app.registry.servers import model_server, residents, triton_models
from generation.app.registry.services.entries import sync_shipped
from generation.app.registry.services.switching import disable_crashed
from generation.app.registry.services.trail import (
    REGISTRY,
    changed,
    given_reason,
    require_operator,
)
from generation.app.registry.services.warming import warm_up
from generation.app.registry.snapshot import forget
from generation.core.catalogue import Loading
from generation.core.eviction import to_make_room
from generation.core.triton import Cancelled, GeneratorUnavailable
from generation.core.triton_control import LOADING, LoadRefused, ModelServer, ServerAway
from tidegate.accounts.models import User
from tidegate.accounts.selectors import viewer_for_user
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, Unavailable

logger = logging.getLogger("generation.registry")

LOAD_TASK = "generation.load_model"

POLL_SECONDS = 0.25
# What the server says when a model's process was killed from outside: worth one more try.
_KILLED = "is not healthy"


class ModelCrashed(GeneratorUnavailable):
    """The server cannot load the model; it was disabled, with the end of the server's log."""


def ensure_loaded(
    *,
    triton_model: str,
    cancelled: Callable[[], bool] = lambda: False,
    server: ModelServer | None = None,
    actor: Actor = REGISTRY,
) -> None:
    """Return when the server holds a model ready; load it if nobody else does.

    Of all who ask at once, in all processes, one loads and the others wait for it. A model that
    cannot be loaded is disabled, and everybody who waits is told.

    Raises:
        ModelCrashed: it cannot be loaded.
        GeneratorUnavailable: the server is away.
        Cancelled: `cancelled` said so; asked a few times a second, not while this caller loads.
    """
    chosen = server or model_server()
    try:
        with _turn(chosen, triton_model, cancelled) as is_mine:
            if is_mine:
                load(chosen, triton_model, actor=actor)
    except ServerAway as error:
        raise GeneratorUnavailable(str(error)) from error


def request_load(*, viewer: Viewer, name: str) -> None:
    """Have a worker load a model, because it may take minutes.

    Raises:
        NotAllowed, NotFound: no policy admin, no such model.
        Conflict: `model_crashed`: it crashed before, and has to be enabled first.
        Unavailable: no worker can be told at the moment.
    """
    require_operator(viewer)
    if require_model(name).because == RegisteredModel.Because.CRASHED:
        raise Conflict("It crashed: enable it first, once the cause is gone.", code="model_crashed")
    try:
        current_app.send_task(
            LOAD_TASK,
            args=[name, str(viewer.user_id)],
            queue="default",
            retry=False,
            ignore_result=True,
        )
    except BrokerAway as error:
        raise Unavailable("No worker can be told at the moment.") from error


def load_for(*, user_id: UUID, name: str) -> None:
    """Load a model for a person who may have lost the right to it since. Raises as `load_model`."""
    load_model(viewer=viewer_for_user(User.objects.get(pk=user_id)), name=name)


def load_model(*, viewer: Viewer, name: str) -> None:
    """Load a model because an operator wants it ready. It may take minutes.

    Raises:
        NotAllowed, NotFound: no policy admin, no such model.
        Conflict: `model_crashed`: it cannot be loaded.
        Unavailable: the server is away.
    """
    require_operator(viewer)
    offer = require_model(name)
    try:
        for model in filter(None, (offer.stable, offer.canary)):
            ensure_loaded(triton_model=model.triton_model, actor=viewer.actor())
    except ModelCrashed as error:
        raise Conflict(str(error)[-2000:], code="model_crashed") from error
    except GeneratorUnavailable as error:
        raise Unavailable("The model server does not answer.") from error


def unload_model(*, viewer: Viewer, name: str, reason: str) -> None:
    """Free what a model holds on the server; what runs ends first, the next request loads it.

    Raises:
        NotAllowed, NotFound, InvalidInput: no policy admin, no such model, no reason.
        Unavailable: the server is away.
    """
    require_operator(viewer)
    words = given_reason(reason)
    offer = require_model(name)
    try:
        for model in filter(None, (offer.stable, offer.canary)):
            unload(model_server(), model.triton_model, reason=words, actor=viewer.actor())
    except ServerAway as error:
        raise Unavailable("The model server does not answer.") from error


def unload(server: ModelServer, triton_model: str, *, reason: str, actor: Actor = REGISTRY) -> None:
    """Unload a model that is ready, unless somebody loads it in this moment."""
    with lock(server, triton_model) as is_mine:
        held = server.held(triton_model) if is_mine else None
        if held is None or not held.is_ready:
            return
        server.unload(triton_model)
        Served.objects.filter(server=server.url, triton_model=triton_model).update(
            unloaded_at=now()
        )
        _tell(server, triton_model, Action.MODEL_UNLOADED, actor=actor, reason=reason)


@contextmanager
def _turn(server: ModelServer, triton_model: str, cancelled: Callable[[], bool]) -> Iterator[bool]:
    """Wait until the model is ready (False) or it is this caller's turn to load it (True)."""
    while True:
        held = server.held(triton_model)
        if held is not None and held.is_ready:
            yield False
            return
        if cancelled():
            raise Cancelled("the request was cancelled")
        _refuse_crashed(triton_model)
        # LOADING without our lock: the server loads what it was started with, or a loader died.
        if held is None or held.state != LOADING:
            with lock(server, triton_model) as is_mine:
                if is_mine:
                    # What happened while this caller waited counts, in other processes too.
                    forget()
                    _refuse_crashed(triton_model)
                    held = server.held(triton_model)
                    yield held is None or not held.is_ready
                    return
        time.sleep(POLL_SECONDS)


@contextmanager
def lock(server: ModelServer, triton_model: str) -> Iterator[bool]:
    """Hold the lock of one model on one server, if nobody does.

    A lock of the session, because a load takes minutes and no transaction may; it ends with the
    process that holds it, however that ends.
    """
    digest = sha256(f"model:{server.url}:{triton_model}".encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine:
            # A connection that broke has lost its locks.
            with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def load(server: ModelServer, triton_model: str, *, actor: Actor = REGISTRY) -> None:
    """Load a model for the caller who holds its lock, warm it up, and tell of it.

    Raises:
        ModelCrashed: it cannot be loaded; it is disabled now.
        ServerAway: the server does not answer.
    """
    write_folder(triton_model)
    _make_room(server, triton_model)
    started = time.monotonic()
    try:
        try:
            server.load(triton_model)
        except LoadRefused as error:
            if _KILLED not in str(error):
                raise
            logger.warning("%s was killed while it loaded; once more", triton_model)
            server.load(triton_model)
    except LoadRefused as error:
        _note_crash(server, triton_model, str(error))
        raise ModelCrashed(f"{triton_model} cannot be loaded: {error}") from error
    problems = [warm_up(model, url=server.url) for model in triton_models().get(triton_model, ())]
    seconds = time.monotonic() - started
    problem = "; ".join(filter(None, problems))
    logger.info("%s was loaded in %.1f s", triton_model, seconds)
    with transaction.atomic():
        served, _ = Served.objects.get_or_create(server=server.url, triton_model=triton_model)
        Served.objects.filter(pk=served.pk).update(
            loads=F("loads") + 1,
            loaded_at=now(),
            load_seconds=seconds,
            last_error=problem,
            last_error_at=now() if problem else None,
        )
    _tell(server, triton_model, Action.MODEL_LOADED, actor=actor, seconds=round(seconds, 1))


def _make_room(server: ModelServer, triton_model: str) -> None:
    limit = int(settings.GENERATION_MODEL_MEMORY_MB)
    models = triton_models().get(triton_model, ())
    loading = models[0].loading if models else Loading()
    if not limit or not loading.memory_mb:
        return
    held = residents(server.state())
    for name in to_make_room(held, needed_mb=loading.memory_mb, limit_mb=limit):
        unload(server, name, reason=f"to make room for {triton_model}")


def _note_crash(server: ModelServer, triton_model: str, log: str) -> None:
    logger.error("%s cannot be loaded and is disabled: %s", triton_model, log)
    served, _ = Served.objects.get_or_create(server=server.url, triton_model=triton_model)
    served.last_error, served.last_error_at = log.replace("\x00", "")[-8000:], now()
    served.save(update_fields=["last_error", "last_error_at"])
    for name in _names(triton_model):
        disable_crashed(name=name, log=log)


def _refuse_crashed(triton_model: str) -> None:
    """Raise ModelCrashed when the model crashed before and nobody enabled it since."""
    offers = [offer for name in _names(triton_model) if (offer := offer_of(name)) is not None]
    if offers and all(offer.because == RegisteredModel.Because.CRASHED for offer in offers):
        raise ModelCrashed(f"{triton_model} could not be loaded and is disabled")


def _tell(
    server: ModelServer,
    triton_model: str,
    action: Action,
    *,
    actor: Actor,
    reason: str = "",
    **after: object,
) -> None:
    """Announce and record it of every model that runs there."""
    sync_shipped()
    for name in _names(triton_model):
        row = RegisteredModel.objects.select_related("stable", "canary").filter(name=name).first()
        if row is not None:
            with transaction.atomic():
                changed(
                    row,
                    action,
                    before=None,
                    actor=actor,
                    reason=reason,
                    after={"server": server.url, "triton_model": triton_model, **after},
                    is_registry=False,
                )


def _names(triton_model: str) -> list[str]:
    return sorted({model.name for model in triton_models().get(triton_model, ())})
