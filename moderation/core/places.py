"""Where in an item a reason stands: characters of a text, boxes of a picture, moments of a film."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from moderation.core.decisions import Place, Reason
from moderation.core.signals import Signal
from moderation.core.spans import Span, spans_of_disguised, spans_of_piece, spans_of_term

_MOST_SPANS = 20


def placed(
    reason: Reason, text: str, signals: Sequence[Signal], finds: Callable[[str, str], bool]
) -> Reason:
    """Return a reason with its place, as far as that is known.

    `text` is what was judged as text: given, read or heard. `finds` says whether a text contains a
    listed term in any disguise. Of words that were read in a picture the boxes of their lines come
    along, and in a film the moment at which the first of them was seen.
    """
    spans = spans_of(reason, text, signals, finds)[:_MOST_SPANS]
    if not spans:
        return reason
    boxes, at_ms = _seen(text, spans, signals)
    known = reason.place.at_ms if reason.place else None
    return replace(reason, place=Place(spans, boxes, at_ms if known is None else known))


def spans_of(
    reason: Reason, text: str, signals: Sequence[Signal], finds: Callable[[str, str], bool]
) -> tuple[Span, ...]:
    """Return where a reason stands: a listed word, or the piece whose score was the highest."""
    if reason.rule == "word_list":
        return spans_of_term(text, reason.detail) or spans_of_disguised(
            text, lambda part: finds(part, reason.detail)
        )
    if reason.score is None:
        return ()
    for signal in signals:
        if signal.detector == reason.detector and signal.score(reason.hazard) == reason.score:
            worst = max(signal.scores, key=lambda hazard: signal.score(hazard) or 0.0)
            if worst == reason.hazard:
                return spans_of_piece(text, str(signal.detail.get("worst_piece", "")))
    return ()


def _seen(
    text: str, spans: Sequence[Span], signals: Iterable[Signal]
) -> tuple[tuple[tuple[float, float, float, float], ...], int | None]:
    """Return the boxes of the lines that spans touch, and the first moment one was seen at."""
    boxes: list[tuple[float, float, float, float]] = []
    moments: list[int] = []
    for signal in signals:
        given = signal.detail.get("boxes")
        if not isinstance(given, Sequence) or not signal.text:
            continue
        at_ms = signal.detail.get("at_ms")
        for line, box in zip(signal.text.split("\n"), given, strict=False):
            start = text.find(line.strip()) if line.strip() else -1
            if start < 0:
                continue
            end = start + len(line.strip())
            if any(first < end and start < last for first, last in spans):
                left, top, right, bottom = box
                boxes.append((left, top, right, bottom))
                moments += [at_ms] if isinstance(at_ms, int) else []
    return tuple(dict.fromkeys(boxes)), min(moments, default=None)
