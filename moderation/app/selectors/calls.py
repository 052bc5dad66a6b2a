"""The calls of the checks: every score that a verdict keeps, with the threshold it met then."""

from dataclasses import dataclass

from moderation.app.models import Case, Verdict
from moderation.app.selectors.evidence import surfaces_of


@dataclass(frozen=True, slots=True)
class Call:
    """The highest score (0..1) of a detector for a hazard on a surface; called from `hold_at` on.

    `text` is what was judged there; empty for a picture without words.
    """

    surface: str
    detector: str
    version: str
    hazard: str
    score: float
    hold_at: float
    text: str

    @property
    def is_called(self) -> bool:
        """Whether the score alone would have held it."""
        return self.score >= self.hold_at


def verdict_on(case: Case) -> Verdict | None:
    """Return what the checks said about a case's output: what opened it, or the newest."""
    if case.verdict is not None:
        return case.verdict
    return Verdict.objects.filter(asset_id=case.asset_id).order_by("-created_at", "-id").first()


def calls_in(verdict: Verdict | None) -> list[Call]:
    """Return every score that had a threshold, once per surface, detector and hazard."""
    found: dict[tuple[str, str, str], Call] = {}
    for surface in () if verdict is None else surfaces_of(verdict):
        # The highest come first; of a film's many moments that one counts.
        for one in surface.scores:
            if one.hold_at is not None:
                found.setdefault(
                    (surface.surface, one.detector, one.hazard),
                    Call(
                        surface=surface.surface,
                        detector=one.detector,
                        version=one.version,
                        hazard=one.hazard,
                        score=one.score,
                        hold_at=one.hold_at,
                        text=surface.text,
                    ),
                )
    return list(found.values())
