"""What the DSA Transparency Database takes: fields, lengths, enumerations, and their dependence.

Source: as `moderation.core.dsa`.
"""

from collections.abc import Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator

from moderation.core.personal_data import find
from moderation.core.taxonomy import taxonomy

SCHEME: Final = "dsa"
LARGEST_BATCH: Final = 100
"""As many statements are taken in one request."""
FACTS_CHARACTERS: Final = 5_000
GROUND_CHARACTERS: Final = 500
EXPLANATION_CHARACTERS: Final = 2_000
_STATES = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
)
MEMBER_STATES: Final = tuple(_STATES.split())
"""Of the European Union and the European Economic Area."""


def problems(statement: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a statement, each with its field; nothing where it may go out.

    Personal data in the free texts is wrong, too: the database is public (Art. 24(5)).
    """
    found = [
        f"{'/'.join(map(str, error.absolute_path)) or 'statement'}: {error.message}"
        for error in _VALIDATOR.iter_errors(statement)
    ]
    for name in _FREE_TEXTS:
        kinds = {str(one.kind) for one in find(str(statement.get(name, "")))}
        found += [f"{name}: holds personal data ({kind})" for kind in sorted(kinds)]
    return sorted(found)


_FREE_TEXTS = (
    "decision_facts",
    "illegal_content_legal_ground",
    "illegal_content_explanation",
    "incompatible_content_ground",
    "incompatible_content_explanation",
    "decision_visibility_other",
    "content_type_other",
)
_DAY = {"type": "string", "pattern": r"^20\d\d-\d\d-\d\d$"}


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _one(prefix: str, *names: str) -> dict[str, Any]:
    return {"enum": [f"{prefix}_{name}" for name in names]}


def _some(items: Mapping[str, Any], *, least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "uniqueItems": True}


_CATEGORY = {"enum": [code.code for code in taxonomy().schemes[SCHEME].codes]}
_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "decision_ground",
        "content_type",
        "category",
        "content_date",
        "application_date",
        "decision_facts",
        "source_type",
        "automated_detection",
        "automated_decision",
        "puid",
    ],
    "properties": {
        "decision_visibility": _some(
            _one(
                "DECISION_VISIBILITY",
                "CONTENT_REMOVED",
                "CONTENT_DISABLED",
                "CONTENT_DEMOTED",
                "CONTENT_AGE_RESTRICTED",
                "CONTENT_INTERACTION_RESTRICTED",
                "CONTENT_LABELLED",
                "OTHER",
            )
        ),
        "decision_visibility_other": _text(500),
        "decision_provision": _one(
            "DECISION_PROVISION",
            "PARTIAL_SUSPENSION",
            "TOTAL_SUSPENSION",
            "PARTIAL_TERMINATION",
            "TOTAL_TERMINATION",
        ),
        "decision_account": _one("DECISION_ACCOUNT", "SUSPENDED", "TERMINATED"),
        "decision_ground": _one("DECISION_GROUND", "ILLEGAL_CONTENT", "INCOMPATIBLE_CONTENT"),
        "illegal_content_legal_ground": _text(GROUND_CHARACTERS),
        "illegal_content_explanation": _text(EXPLANATION_CHARACTERS),
        "incompatible_content_ground": _text(GROUND_CHARACTERS),
        "incompatible_content_explanation": _text(EXPLANATION_CHARACTERS),
        "incompatible_content_illegal": {"enum": ["Yes", "No"]},
        "content_type": _some(
            _one(
                "CONTENT_TYPE",
                "APP",
                "AUDIO",
                "IMAGE",
                "PRODUCT",
                "SYNTHETIC_MEDIA",
                "TEXT",
                "VIDEO",
                "OTHER",
            )
        ),
        "content_type_other": _text(500),
        "content_language": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "category": _CATEGORY,
        "category_addition": _some(_CATEGORY),
        "category_specification": _some({"type": "string", "pattern": "^KEYWORD_[A-Z_]+$"}),
        "territorial_scope": _some({"enum": MEMBER_STATES}),
        "content_date": _DAY,
        "application_date": _DAY,
        "end_date_visibility_restriction": _DAY,
        "end_date_service_restriction": _DAY,
        "end_date_account_restriction": _DAY,
        "decision_facts": _text(FACTS_CHARACTERS),
        "source_type": _one(
            "SOURCE", "ARTICLE_16", "TRUSTED_FLAGGER", "TYPE_OTHER_NOTIFICATION", "VOLUNTARY"
        ),
        "automated_detection": {"enum": ["Yes", "No"]},
        "automated_decision": _one("AUTOMATED_DECISION", "FULLY", "PARTIALLY", "NOT_AUTOMATED"),
        "puid": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,500}$"},
    },
    "anyOf": [
        {"required": [name]}
        for name in ("decision_visibility", "decision_provision", "decision_account")
    ],
    "allOf": [
        {
            "if": {"properties": {"decision_ground": {"const": "DECISION_GROUND_ILLEGAL_CONTENT"}}},
            "then": {"required": ["illegal_content_legal_ground", "illegal_content_explanation"]},
            "else": {
                "required": ["incompatible_content_ground", "incompatible_content_explanation"]
            },
        },
        {
            "if": {
                "properties": {
                    "decision_visibility": {"contains": {"const": "DECISION_VISIBILITY_OTHER"}}
                },
                "required": ["decision_visibility"],
            },
            "then": {"required": ["decision_visibility_other"]},
        },
        {
            "if": {"properties": {"content_type": {"contains": {"const": "CONTENT_TYPE_OTHER"}}}},
            "then": {"required": ["content_type_other"]},
        },
    ],
}
_VALIDATOR = Draft202012Validator(_SCHEMA)
