"""A text cut into pieces where findings stand in it, masked or not: what a page marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from moderation.core.masking import KIND_NAMES, pieces
from moderation.core.personal_data import Kind
from moderation.core.spans import Span


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text, and the numbers of the findings that stand in it; none: only text."""

    text: str
    findings: tuple[int, ...] = ()


def segments(
    text: str,
    findings: Sequence[tuple[int, Sequence[Span]]],
    *,
    names: Mapping[Kind, str] | None = KIND_NAMES,
) -> tuple[Segment, ...]:
    """Return a text in pieces; `findings` are numbers, each with its ranges of characters.

    With `names` personal data is masked: what is masked is one piece, marked by whatever touches
    it, so that ranges are those of the text as it was judged and still show nothing of a value.
    """
    shown = [(0, len(text), text, False)] if names is None else pieces(text, names)
    borders = sorted({edge for _, spans in findings for span in spans for edge in span})
    found: list[Segment] = []
    for start, end, words, is_masked in shown:
        edges = [start, end]
        if not is_masked:
            edges[1:1] = [edge for edge in borders if start < edge < end]
        for first, last in pairwise(edges):
            part = words if is_masked else text[first:last]
            numbers = tuple(
                number
                for number, spans in findings
                if any(begin < last and first < stop for begin, stop in spans)
            )
            if part and found and found[-1].findings == numbers:
                found[-1] = Segment(found[-1].text + part, numbers)
            elif part:
                found.append(Segment(part, numbers))
    return tuple(found)
