"""A text while it is written: only what the gate released is shown."""

from generation.app import services
from generation.app.claims import Claim
from generation.core.windows import is_due
from tidegate.contracts.ports import gate


class TextBlocked(RuntimeError):
    """The gate blocked what is being written: the generator is to stop."""


class Transcript:
    """Collects the pieces of one streamed text and releases it window by window.

    A job that runs again with its seed writes the same text, so what an earlier attempt showed
    is not shown twice. Should the text differ after all (other weights), nothing more is shown:
    two halves of two texts would be a third one that nobody wrote or judged.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._text = ""
        self._asked = 0
        self._shown = claim.released_text
        self._is_withheld = claim.is_text_withheld

    @property
    def text(self) -> str:
        """Everything written so far, shown or not."""
        return self._text

    def add(self, piece: str) -> None:
        """Take the next piece, and ask the gate when a window is full.

        Raises:
            LostLease: another worker streams this job now.
            TextBlocked: the gate blocks it. What only waits for people is written to its end.
        """
        # PostgreSQL keeps no NUL in a text, and no reader misses it.
        self._text += piece.replace("\0", "")
        if is_due(self._text, asked=max(self._asked, len(self._shown))):
            self._ask(is_final=False)

    def close(self) -> None:
        """Ask about the rest. Raises as `add`."""
        if len(self._text) > len(self._shown):
            self._ask(is_final=True)

    def _ask(self, *, is_final: bool) -> None:
        if self._is_withheld:
            return
        if not self._text.startswith(self._shown):
            self._withhold("changed")
            return
        ruling = gate().window(
            text=self._text,
            released_characters=len(self._shown),
            is_final=is_final,
            correlation_id=self._claim.correlation_id,
            organisation_id=self._claim.organisation_id,
            project_id=self._claim.project_id,
        )
        released = self._text[: ruling.released_characters]
        if len(released) > len(self._shown):
            services.release_text(claim=self._claim, text=released, offset=len(self._shown))
            self._shown = released
            # A gate that wants more text first released nothing and is asked again soon.
            self._asked = len(self._text)
        if ruling.verdict != "release":
            self._withhold(ruling.verdict)
        if ruling.verdict == "block":
            raise TextBlocked

    def _withhold(self, because: str) -> None:
        self._is_withheld = True
        services.withhold_text(claim=self._claim, because=because)
