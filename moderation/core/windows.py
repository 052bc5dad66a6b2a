"""Windows over streamed text: what to score next, and how much may be shown when it passes.

Nothing is released that was not inside a scored window, and a window reaches back over text that
is already out, so that a phrase across a border is seen whole. The newest words are kept back
until more text has come, because a word or phrase that is still growing means nothing yet.

Lengths count what a reader sees: invisible characters count nothing, a run of white space counts as
one. A phrase cannot be stretched over the border by filling it with them.
"""

import unicodedata
from dataclasses import dataclass

_WIDE_FROM = 0x2E80
_LONGEST_WORD = 200
# Controls, formats (zero-width characters) and marks that stand on another character.
_INVISIBLE = frozenset({"Cc", "Cf", "Mn", "Me"})


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the text. Positions count characters from the start of the whole text.

    Attributes:
        start: where the scored part begins (before `released`, to see across the border).
        end: where it ends.
        releasable: up to where text may be shown once this window has passed; never after `end`.
        text: the scored part.
    """

    start: int
    end: int
    releasable: int
    text: str


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """How text is cut, in characters that a reader sees.

    Attributes:
        step: new characters that make a window worth scoring.
        overlap: released characters that each window reaches back over.
        keep_back: newest characters that stay unshown until more text or the end has come. Of a
            phrase of this length nothing is shown before all of it was scored together.
    """

    step: int = 60
    overlap: int = 120
    keep_back: int = 40

    def __post_init__(self) -> None:
        """Refuse a plan that would never release anything."""
        if self.step <= self.keep_back or min(self.overlap, self.keep_back) < 0:
            raise ValueError("step must be larger than keep_back, and neither may be negative")


def next_window(
    text: str, *, released: int, is_final: bool, plan: WindowPlan | None = None
) -> Window | None:
    """Return the window to score now, or None when there is not enough new text yet.

    Args:
        text: everything streamed so far.
        released: characters already shown.
        is_final: no more text will come; everything is scored and nothing is kept back.
        plan: how to cut.

    Raises:
        ValueError: when `released` is not a position in the text.
    """
    if not 0 <= released <= len(text):
        raise ValueError(f"released is {released}, the text has {len(text)} characters")
    plan = plan or WindowPlan()
    start = _word_start(text, max(0, _back(text, released, plan.overlap)))
    if is_final:
        if released == len(text):
            return None
        return Window(start, len(text), len(text), text[start:])
    if _back(text, len(text), plan.step) < released:
        return None
    releasable = _last_border(text, released, _back(text, len(text), plan.keep_back))
    if releasable <= released:
        return None
    return Window(start, len(text), releasable, text[start:])


def _back(text: str, position: int, count: int) -> int:
    """Return where the `count` visible characters before `position` begin; -1 if there are fewer.

    Invisible ones before the first of them belong to it.
    """
    while count > 0:
        position -= 1
        if position < 0:
            return -1
        is_gap = text[position].isspace() and position > 0 and text[position - 1].isspace()
        if not is_gap and unicodedata.category(text[position]) not in _INVISIBLE:
            count -= 1
    while position > 0 and unicodedata.category(text[position - 1]) in _INVISIBLE:
        position -= 1
    return position


def _last_border(text: str, lowest: int, highest: int) -> int:
    """Return the last position in (lowest, highest] between words, or `lowest` if there is none.

    A text without any border for very long (a run of letters) is cut hard, so that it cannot hold
    a stream for ever.
    """
    for position in range(highest, lowest, -1):
        if _is_border(text, position):
            return position
    return highest if highest - lowest > _LONGEST_WORD else lowest


def _word_start(text: str, position: int) -> int:
    for candidate in range(position, max(0, position - _LONGEST_WORD), -1):
        if _is_border(text, candidate):
            return candidate
    return max(0, position - _LONGEST_WORD)


def _is_border(text: str, position: int) -> bool:
    """Whether a word ends before `position` (0 < position <= len(text))."""
    before = text[position - 1]
    if before.isspace() or ord(before) >= _WIDE_FROM:
        return True
    return position < len(text) and text[position].isspace()
