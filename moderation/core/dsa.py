"""Statements of reasons in the shape of the DSA Transparency Database.

Fields, lengths and enumerations: Regulation (EU) 2022/2065, Art. 17(3) and 24(5), as the database's
API documentation gives them (transparency.dsa.ec.europa.eu, `POST /api/v1/statements`, version of
July 2025). Nothing here sends anything: what is exported is what an operator may submit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from moderation.core.dsa_schema import (
    EXPLANATION_CHARACTERS,
    FACTS_CHARACTERS,
    GROUND_CHARACTERS,
    MEMBER_STATES,
    SCHEME,
)
from moderation.core.hazards import Hazard, urgency
from moderation.core.taxonomy import taxonomy

_OTHER_CATEGORY = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
_HAZARDS: Final[Mapping[str, Hazard]] = {hazard.value: hazard for hazard in Hazard}
_KEYWORDS: Final[Mapping[Hazard, str]] = {
    Hazard.HATE: "KEYWORD_HATE_SPEECH",
    Hazard.DEFAMATION: "KEYWORD_DEFAMATION",
    Hazard.SEXUAL: "KEYWORD_ADULT_SEXUAL_MATERIAL",
    Hazard.COPYRIGHT: "KEYWORD_COPYRIGHT_INFRINGEMENT",
    Hazard.HARASSMENT: "KEYWORD_CYBER_HARASSMENT",
}
_CONTENT_TYPES: Final[Mapping[str, str]] = {
    "text": "CONTENT_TYPE_TEXT",
    "image": "CONTENT_TYPE_IMAGE",
    "speech": "CONTENT_TYPE_AUDIO",
    "music": "CONTENT_TYPE_AUDIO",
    "video": "CONTENT_TYPE_VIDEO",
}


class Measure(StrEnum):
    """What was done to somebody's content or account."""

    BLOCKED = "blocked"
    HELD = "held"
    NO_PUBLIC = "no_public"
    HOLD_ALL = "hold_all"
    COOLDOWN = "cooldown"
    SUSPENDED = "suspended"


class Source(StrEnum):
    """What made us look."""

    OWN = "own"
    NOTICE = "notice"
    REPORT = "report"


class Automation(StrEnum):
    """How much of the decision a machine took."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


_SOURCES: Final = {
    Source.OWN: "SOURCE_VOLUNTARY",
    Source.NOTICE: "SOURCE_ARTICLE_16",
    Source.REPORT: "SOURCE_TYPE_OTHER_NOTIFICATION",
}
_AUTOMATION: Final = {
    Automation.FULL: "AUTOMATED_DECISION_FULLY",
    Automation.PARTIAL: "AUTOMATED_DECISION_PARTIALLY",
    Automation.NONE: "AUTOMATED_DECISION_NOT_AUTOMATED",
}
_OTHER_VISIBILITY: Final = {
    Measure.NO_PUBLIC: "New outputs are shown to members of the own organisation only.",
    Measure.HOLD_ALL: "New outputs are shown after a person has looked at them.",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What a measure rests on: a law (`is_legal`) or our rules, and why it applies. Plain text."""

    is_legal: bool
    name: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a statement of reasons is made of. `modality` is empty where no content is meant.

    `until` is when the measure ends by itself; None: it does not.
    """

    reference: str
    measure: Measure
    hazards: Sequence[str]
    modality: str
    made_on: date
    decided_at: datetime
    until: datetime | None
    source: Source
    found_by_machine: bool
    automation: Automation
    ground: Ground
    facts: str
    language: str = ""


def payload(decision: Decision) -> dict[str, Any]:
    """Return the statement as the database takes it."""
    codes = categories(decision.hazards)
    keywords = [_KEYWORDS[one] for one in _known(decision.hazards) if one in _KEYWORDS]
    return {
        **_measure(decision),
        **_ground(decision.ground),
        **_content(decision),
        "category": codes[0],
        **({"category_addition": codes[1:]} if codes[1:] else {}),
        **({"category_specification": keywords} if keywords else {}),
        "territorial_scope": list(MEMBER_STATES),
        "content_date": decision.made_on.isoformat(),
        "application_date": decision.decided_at.date().isoformat(),
        "decision_facts": decision.facts[:FACTS_CHARACTERS],
        "source_type": _SOURCES[decision.source],
        "automated_detection": "Yes" if decision.found_by_machine else "No",
        "automated_decision": _AUTOMATION[decision.automation],
        "puid": decision.reference,
    }


def categories(hazards: Sequence[str]) -> list[str]:
    """Return the database's categories of hazards, the gravest first; never none."""
    found = [code for hazard in _known(hazards) for code in taxonomy().codes_of(hazard, SCHEME)[:1]]
    return list(dict.fromkeys(found)) or [_OTHER_CATEGORY]


def _known(hazards: Sequence[str]) -> list[Hazard]:
    names = [_HAZARDS[one] for one in dict.fromkeys(hazards) if one in _HAZARDS]
    return sorted(names, key=urgency, reverse=True)


def _measure(decision: Decision) -> dict[str, Any]:
    ends = None if decision.until is None else decision.until.date().isoformat()

    def ended(of: str) -> dict[str, str]:
        return {} if ends is None else {f"end_date_{of}_restriction": ends}

    match decision.measure:
        case Measure.BLOCKED | Measure.HELD:
            visibility = ["DECISION_VISIBILITY_CONTENT_DISABLED"]
            return {"decision_visibility": visibility, **ended("visibility")}
        case Measure.NO_PUBLIC | Measure.HOLD_ALL:
            return {
                "decision_visibility": ["DECISION_VISIBILITY_OTHER"],
                "decision_visibility_other": _OTHER_VISIBILITY[decision.measure],
                **ended("visibility"),
            }
        case Measure.COOLDOWN:
            return {
                "decision_provision": "DECISION_PROVISION_PARTIAL_SUSPENSION",
                **ended("service"),
            }
        case Measure.SUSPENDED:
            return {"decision_account": "DECISION_ACCOUNT_SUSPENDED", **ended("account")}


def _ground(ground: Ground) -> dict[str, str]:
    name, why = ground.name[:GROUND_CHARACTERS], ground.explanation[:EXPLANATION_CHARACTERS]
    if ground.is_legal:
        return {
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
            "illegal_content_legal_ground": name,
            "illegal_content_explanation": why,
        }
    return {
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": name,
        "incompatible_content_explanation": why,
        "incompatible_content_illegal": "No",
    }


def _content(decision: Decision) -> dict[str, Any]:
    if not decision.modality:
        return {"content_type": ["CONTENT_TYPE_OTHER"], "content_type_other": "Account"}
    kinds = [_CONTENT_TYPES.get(decision.modality, "CONTENT_TYPE_OTHER")]
    other = {"content_type_other": decision.modality} if kinds == ["CONTENT_TYPE_OTHER"] else {}
    language = {"content_language": decision.language.upper()} if decision.language else {}
    return {"content_type": [*kinds, "CONTENT_TYPE_SYNTHETIC_MEDIA"], **other, **language}
