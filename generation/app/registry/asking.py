"""Asking a generator whose model may not be loaded yet, or whose process may be gone."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager

from generation.app.registry.services import ensure_loaded, revive
from generation.core.triton import ModelBroken, ModelNotLoaded
from generation.core.wire import Piece
from tidegate.primitives.clock import now


def pieces_of(
    ask: Callable[[], Iterator[Piece]],
    *,
    triton_model: str,
    hold: Callable[[], AbstractContextManager[None]],
    cancelled: Callable[[], bool],
) -> Generator[Piece, None, None]:
    """Yield what the generator says; where its model is not loaded, have it loaded and ask again.

    Nothing is asked in advance, so a model that is loaded, the usual case, costs no round trip.
    The time of loading is not the job's: `hold` stops its clock meanwhile, and the second asking
    begins with the whole deadline. A model whose process died is loaded again too; what it had
    said before is not asked for twice.

    Raises:
        GeneratorUnavailable: the server is away, it cannot load the model (which is then
            disabled), or the model's process died after it had begun.
        Cancelled: `cancelled` said so while it waited.
    """
    asked_at, has_begun = now(), False
    try:
        for piece in ask():
            has_begun = True
            yield piece
    except ModelNotLoaded:
        # The server says so in place of the first piece: nothing was yielded yet.
        with hold():
            ensure_loaded(triton_model=triton_model, cancelled=cancelled)
    except ModelBroken:
        with hold():
            revive(triton_model=triton_model, broken_since=asked_at, cancelled=cancelled)
        if has_begun:
            raise
    else:
        return
    yield from ask()
