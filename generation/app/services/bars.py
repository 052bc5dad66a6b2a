"""The refusal of people who may not ask for anything, as the trigger on new jobs raises it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import DatabaseError

from generation.app.models import Bar
from tidegate.primitives.errors import NotAllowed

BARRED: Final = "TG001"
"""The SQLSTATE that the trigger raises."""
_CODES: Final = {
    Bar.Code.COOLDOWN: ("author_cooling", "You may not make anything for a while."),
    Bar.Code.SUSPENDED: ("author_suspended", "Your account is suspended."),
}


class Barred(NotAllowed):
    """Whoever asks may not at present. `extra` says until when and which restriction it is."""


@contextmanager
def refusing_barred() -> Iterator[None]:
    """Turn the trigger's refusal into `Barred`; around the transaction, which is lost with it."""
    try:
        yield
    except DatabaseError as error:
        refusal = getattr(error.__cause__, "diag", None)
        if refusal is None or refusal.sqlstate != BARRED:
            raise
        raise _barred(json.loads(refusal.message_detail)) from error


def _barred(bar: dict[str, str | None]) -> Barred:
    code, message = _CODES[Bar.Code(bar["code"] or "")]
    until = bar["until"]
    return Barred(
        message,
        code=code,
        extra={
            "restriction_id": bar["restriction_id"],
            "until": None if until is None else datetime.fromisoformat(until).isoformat(),
            "standing": "/api/v1/me/standing",
        },
    )
