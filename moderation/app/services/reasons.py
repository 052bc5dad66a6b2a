"""The reason that a person gives for what they do: it stays in the trail."""

from moderation.app.models import REASON_CHARACTERS
from moderation.core.masking import masked
from tidegate.primitives.errors import InvalidInput


def kept_reason(reason: str, *, missing: str) -> str:
    """Return a reason as it is kept: trimmed, and without the personal data that it quotes.

    The trail shows it to auditors and cannot forget it.

    Raises:
        InvalidInput: nothing was said (`missing` says so), or too much.
    """
    words = reason.strip()
    if not words:
        raise InvalidInput(missing, code="reason_missing", pointer="/reason")
    if len(words) > REASON_CHARACTERS or "\0" in words:
        raise InvalidInput(
            f"The reason may have at most {REASON_CHARACTERS} characters and no NUL.",
            code="reason_invalid",
            pointer="/reason",
        )
    return masked(words)[:REASON_CHARACTERS]
