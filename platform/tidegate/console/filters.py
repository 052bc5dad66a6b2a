"""Which cases somebody works through, as a request says it."""

from collections.abc import Mapping

from moderation.app import selectors
from moderation.app.models import Case
from tidegate.assets.models import Modality


def chosen_filters(given: Mapping[str, str]) -> dict[str, str | None]:
    """Return `modality`, `because` and `queue`; a value that we do not know filters nothing."""
    queue = given.get("queue")
    return {
        "modality": _known(given.get("modality"), Modality.values),
        "because": _known(given.get("because"), Case.Because.values),
        "queue": queue if queue and selectors.is_queue(queue) else None,
    }


def _known(value: str | None, known: list[str]) -> str | None:
    return value if value in known else None
