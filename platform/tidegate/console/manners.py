"""What the strengths of a veil are called, and which stills a film is shown as."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from moderation.app.selectors import CaseEvidence
from moderation.core.care import Blur

MOST_STILLS: Final = 12
BLURS: Final = {
    Blur.NONE.value: _("not blurred"),
    Blur.LIGHT.value: _("lightly blurred"),
    Blur.STRONG.value: _("strongly blurred"),
}


def stills_of(evidence: CaseEvidence) -> tuple[float, ...]:
    """Return the moments (seconds) of a film to be shown: those that the checks looked at.

    Where they did not say, even distances through its length.
    """
    looked_at = sorted(
        {
            score.seconds
            for surface in evidence.surfaces
            for score in surface.scores
            if score.seconds is not None
        }
    )
    if looked_at:
        step = max(1, -(-len(looked_at) // MOST_STILLS))
        return tuple(looked_at[::step])
    file = evidence.asset.renditions.first()
    length = (file.duration_ms or 0) / 1000 if file is not None else 0.0
    return tuple(round(length * share / 4, 2) for share in range(4)) if length else (0.0,)
