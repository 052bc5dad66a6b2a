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
    until = bar["until"]
    extra = {
        "restriction_id": bar["restriction_id"],
        "until": None if until is None else datetime.fromisoformat(until).isoformat(),
        "standing": "/api/v1/me/standing",
    }
    if bar["code"] == Bar.Code.COOLDOWN:
        return Barred("You may not make anything for a while.", code="author_cooling", extra=extra)
    return Barred("Your account is suspended.", code="author_suspended", extra=extra)
