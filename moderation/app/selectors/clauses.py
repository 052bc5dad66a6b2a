"""Why a verdict was reached, beside the clause of the policy that says so, and where it stands."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from moderation.app.models import Verdict
from moderation.app.selectors.views import Clause
from moderation.core.spans import Span

_HUNDRED: Final = 100.0


def clauses_of(verdict: Verdict) -> tuple[Clause, ...]:
    """Return the reasons of a verdict in their order, numbered from 1."""
    return tuple(_clause(number, reason) for number, reason in enumerate(verdict.reasons, start=1))


def spans_in(
    reasons: Sequence[Mapping[str, Any]], surface: str, text: str
) -> list[tuple[int, list[Span]]]:
    """Return the numbers of the reasons that stand in a surface's text, each with its ranges."""
    found = []
    for number, reason in enumerate(reasons, start=1):
        given = (reason.get("place") or {}).get("spans") or ()
        spans = [(int(start), int(end)) for start, end in given if 0 <= start < end <= len(text)]
        if spans and reason.get("surface", surface) == surface:
            found.append((number, spans))
    return found


def _clause(number: int, reason: Mapping[str, Any]) -> Clause:
    place = reason.get("place") or {}
    at_ms = place.get("at_ms")
    rule = str(reason.get("rule", ""))
    detail = str(reason.get("detail", ""))
    return Clause(
        number=number,
        surface=str(reason.get("surface", "")),
        hazard=str(reason.get("hazard", "")),
        rule=rule,
        detector=str(reason.get("detector", "")),
        verdict=str(reason.get("verdict", "")),
        score=reason.get("score"),
        text=_text(rule, reason),
        detail="" if rule == "rule" else detail,
        entry=str(reason.get("entry", "")),
        boxes=tuple(_box(box) for box in place.get("boxes") or ()),
        seconds=at_ms / 1000 if isinstance(at_ms, int) else None,
    )


def _text(rule: str, reason: Mapping[str, Any]) -> str:
    """Return the clause as the policy writes it."""
    if rule == "rule":
        return f"{reason.get('detector')}: {reason.get('detail')}"
    threshold = reason.get("threshold")
    if threshold is not None:
        limit = "block_at" if rule == "score_block" else "hold_at"
        places = (str(reason.get(name) or "") for name in ("surface", "detector", "hazard"))
        return f"{'.'.join(one for one in places if one)}: {limit} {threshold:g}"
    return ""


def _box(box: Iterable[float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return (
        round(left * _HUNDRED, 2),
        round(top * _HUNDRED, 2),
        round((right - left) * _HUNDRED, 2),
        round((bottom - top) * _HUNDRED, 2),
    )
