"""Until when an output must have been judged, or a person gets it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

JUDGED_WITHIN_SECONDS: Final = 45
"""Of every kind of output that is not named below."""

# What takes detectors longer. A text is judged in a tenth of a second, so that an outage of a
# minute is known within that minute.
_LONGER: Final[Mapping[str, int]] = {"speech": 90, "music": 90, "video": 300}


def judge_by(modality: str, at: datetime) -> datetime:
    """Return the deadline of an output of this modality that is made at `at`.

    `settings.TIDEGATE_JUDGED_WITHIN_SECONDS` changes it by modality.
    """
    chosen: Mapping[str, float] = getattr(settings, "TIDEGATE_JUDGED_WITHIN_SECONDS", {})
    seconds = chosen.get(modality, _LONGER.get(modality, JUDGED_WITHIN_SECONDS))
    return at + timedelta(seconds=seconds)
