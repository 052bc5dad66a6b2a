"""A picture that may be sexual, and anything that speaks of a minor: held or blocked by rule.

No detector estimates an age from a face. Such estimates are off by years, worst around eighteen and
unevenly over skin colours and sexes (NIST IR 8525, 2024), drawn people have no age at all, and a
wrong "adult" would release what must never be seen. So the question is not asked: a picture with
the least sign of nudity whose prompt or words speak of a child goes to a person, as the most severe
case there is, whatever either score says by itself, and is blocked where both are likely.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from moderation.core.decisions import Reason, Verdict
from moderation.core.detectors import DETECTORS
from moderation.core.hazards import Hazard
from moderation.core.normalisation import normalise
from moderation.core.signals import Signal

RULE: Final = "minor_and_sexual"
LEAST_SEXUAL: Final = 0.10
"""From here on a picture is no longer surely harmless; harmless ones score below 0.05."""
LIKELY_SEXUAL: Final = 0.40
"""From here on a picture is held without any words, too."""
LEAST_CHILD_SAFETY: Final = 0.20
LIKELY_CHILD_SAFETY: Final = 0.45
"""From here on a text is held without any picture, too."""

_LOOKING: Final = frozenset(
    name for name, one in DETECTORS.items() if one.reads == "image" and one.hazards
)
_PICTURES: Final = frozenset({"image", "video"})
_ADULT: Final = 18
_WORDS: Final = re.compile(
    r"(?<![a-z])(?:child(?:ren|hood|like)?|kids?|kiddo|minors?|underaged?"
    r"|infants?|bab(?:y|ies)"
    r"|toddlers?|preschoolers?|kindergart[a-z]*|pre-?teens?|tweens?|teen(?:s|age[dr]?|agers)?|adolescents?"
    r"|juveniles?"
    r"|(?:little|young|small) (?:girls?|boys?)|school ?(?:girls?|boys?|child(?:ren)?)"
    r"|high school(?:ers?)?"
    r"|middle school(?:ers?)?|elementary school|pupils?|lol(?:i|is|ita|icon)|shota(?:con)?"
    r"|daughters?|girl child"
    r"|(?:\d(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    r" graders?)(?![a-z])"
    r"|儿童|兒童|小孩|孩子|孩童|幼童|幼女|幼儿|婴儿|宝宝|未成年|少女|少年|萝莉|正太|小学|初中|高中|中学生|女学生"
    r"|男学生|女童|男童|小女孩|小男孩|女孩儿?子?|小朋友|学童|童年|青少年"
)
_AGES: Final = re.compile(
    r"(?<!\d)(\d{1,2})[ -]?(?:years?[ -]?olds?|yrs?[ -]?olds?|y/?o(?![a-z])|岁|周岁)"
    r"|(?<![a-z])age[ds]?:? (?:of )?(\d{1,2})(?!\d)"
)
_SPELLED_AGES: Final = re.compile(
    r"(?<![a-z])(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen"
    r"|fifteen|sixteen|seventeen)[ -]years?[ -]olds?(?![a-z])"
    r"|(?<![二三四五六七八九十])(?:[一二三四五六七八九两]|十[一二三四五六七]?)(?:周)?岁"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One surface of an item: what was judged as text on it, and what detectors said."""

    surface: str
    text: str
    signals: Sequence[Signal]


def speaks_of_minors(text: str) -> bool:
    """Whether a text, without its disguises, names a child or an age below eighteen.

    Wide on purpose: it counts only beside a picture that may be sexual.
    """
    plain = normalise(text)
    if _WORDS.search(plain) or _SPELLED_AGES.search(plain):
        return True
    return any(int(one or other) < _ADULT for one, other in _AGES.findall(plain))


def reason_across(surfaces: Sequence[Seen]) -> tuple[Reason, ...]:
    """Return the reason that pictures and words give together; nothing where they give none."""
    sexual = _highest(
        (signal for seen in surfaces if seen.surface in _PICTURES for signal in seen.signals),
        Hazard.SEXUAL,
        asked=_LOOKING,
    )
    if sexual < LEAST_SEXUAL:
        return ()
    child_safety = _highest(
        (signal for seen in surfaces for signal in seen.signals), Hazard.CHILD_SAFETY
    )
    is_named = any(speaks_of_minors(seen.text) for seen in surfaces)
    if not is_named and child_safety < LEAST_CHILD_SAFETY:
        return ()
    is_likely = sexual >= LIKELY_SEXUAL and (is_named or child_safety >= LIKELY_CHILD_SAFETY)
    return (
        Reason(
            hazard=str(Hazard.CHILD_SAFETY),
            score=sexual,
            threshold=LIKELY_SEXUAL if is_likely else LEAST_SEXUAL,
            rule=RULE,
            detector="",
            verdict=Verdict.BLOCK if is_likely else Verdict.HOLD,
            detail="words name a minor" if is_named else f"child_safety {child_safety:.2f}",
        ),
    )


def _highest(
    signals: Iterable[Signal], hazard: Hazard, *, asked: frozenset[str] | None = None
) -> float:
    """Return the highest probability that the detectors asked gave to a hazard; 0 without any."""
    return max(
        (
            signal.score(hazard) or 0.0
            for signal in signals
            if asked is None or signal.detector in asked
        ),
        default=0.0,
    )
