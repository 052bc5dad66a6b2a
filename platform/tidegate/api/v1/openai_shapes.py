"""Checks in the shape of OpenAI's moderation interface, field by field.

https://developers.openai.com/api/reference/resources/moderations (read in 2026): `input` is a text,
a list of texts with a result each, or a list of parts (texts and pictures) with one result.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderation.app.checks import Check
from moderation.app.inputs import LONGEST_TEXT, MOST_INPUTS, Asked
from moderation.core.categories import CATEGORIES, Category, Part, categories_of
from moderation.core.decisions import Verdict
from tidegate.api.v1.moderation_shapes import Picture
from tidegate.api.v1.shapes import Text
from tidegate.primitives.errors import Unavailable

_PART: Final[dict[str, Any]] = {
    "oneOf": [
        {
            "type": "object",
            "required": ["type", "text"],
            "properties": {
                "type": {"const": "text"},
                "text": {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
            },
        },
        {
            "type": "object",
            "required": ["type", "image_url"],
            "properties": {
                "type": {"const": "image_url"},
                "image_url": {
                    "type": "object",
                    "required": ["url"],
                    "properties": {
                        "url": {
                            "type": "string",
                            "pattern": "^data:image/",
                            "description": "A data URL; nothing is fetched from elsewhere.",
                        }
                    },
                },
            },
        },
    ]
}
_INPUT: Final[dict[str, Any]] = {
    "oneOf": [
        {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
        {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
            "minItems": 1,
            "maxItems": MOST_INPUTS,
        },
        {"type": "array", "items": _PART, "minItems": 1, "maxItems": MOST_INPUTS},
    ],
    "description": "A text; texts, with a result each; or parts, with one result for all.",
}


class TextPart(serializers.Serializer[Any]):
    """A text of an input in parts."""

    text = Text(max_length=LONGEST_TEXT, trim_whitespace=False)


class ImageUrl(serializers.Serializer[Any]):
    """Where a picture is: in the URL itself."""

    url = Picture(needs_url=True)


class ImagePart(serializers.Serializer[Any]):
    """A picture of an input in parts."""

    image_url = ImageUrl()


class AnyPart(serializers.Serializer[Any]):
    """A part of either type; the value is `text` or `image` (bytes)."""

    type = serializers.ChoiceField(choices=("text", "image_url"))

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return `{"text": …}` or `{"image": …}`."""
        kind = super().to_internal_value(data)["type"]
        if kind == "text":
            return {"text": TextPart().run_validation(data)["text"]}
        return {"image": ImagePart().run_validation(data)["image_url"]["url"]}


@extend_schema_field(_INPUT)
class Input(serializers.Field[Any, Any, Any, Any]):
    """The value is a list of results' parts: each `{"text": …}` or `{"image": …}`."""

    texts = serializers.ListField(
        child=Text(max_length=LONGEST_TEXT, trim_whitespace=False),
        min_length=1,
        max_length=MOST_INPUTS,
    )
    parts = serializers.ListField(child=AnyPart(), min_length=1, max_length=MOST_INPUTS)

    def to_internal_value(self, data: Any) -> list[list[tuple[str, dict[str, Any]]]]:
        """Return for each result its parts, each with its pointer."""
        if isinstance(data, list) and any(isinstance(item, dict) for item in data):
            parts = self.parts.run_validation(data)
            return [[(_pointer_of(index, part), part) for index, part in enumerate(parts)]]
        if isinstance(data, list):
            texts = self.texts.run_validation(data)
            return [[(f"/input/{index}", {"text": text})] for index, text in enumerate(texts)]
        text = Text(max_length=LONGEST_TEXT, trim_whitespace=False).run_validation(data)
        return [[("/input", {"text": text})]]

    def to_representation(self, value: Any) -> Any:
        """Return it as it is; nothing answers with an input."""
        return value


class OpenAIModerationIn(serializers.Serializer[Any]):
    """As OpenAI's clients ask: `POST {base_url}/moderations`."""

    model = Text(
        required=False,
        max_length=200,
        help_text="Any name is taken; the policy in force judges, and `model` of the answer "
        "names it.",
    )
    input = Input()


def _by_category(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with something for every category."""
    return {
        "type": "object",
        "required": list(CATEGORIES),
        "properties": {name: dict(schema) for name in CATEGORIES},
    }


@extend_schema_field(_by_category({"type": "boolean"}))
class Categories(serializers.DictField):
    """Whether each category is met."""


@extend_schema_field(_by_category({"type": "number", "minimum": 0, "maximum": 1}))
class Scores(serializers.DictField):
    """The probability of each category; 0 where it applies to no part of the input."""


@extend_schema_field(
    _by_category({"type": "array", "items": {"type": "string", "enum": ["text", "image"]}})
)
class InputTypes(serializers.DictField):
    """To what kinds of part each category's score applies."""


class OpenAIResultOut(serializers.Serializer[Any]):
    """One result. `flagged` is our policy's word, and may be true where no category is."""

    flagged = serializers.BooleanField()
    categories = Categories()
    category_scores = Scores()
    category_applied_input_types = InputTypes()


class OpenAIModerationOut(serializers.Serializer[Any]):
    """As OpenAI's clients read it."""

    id = serializers.CharField()
    model = serializers.CharField(help_text="The policy in force and its version.")
    results = serializers.ListField(child=OpenAIResultOut())


def asked_of(form: Mapping[str, Any]) -> list[list[Asked]]:
    """Return for each result what has to be checked."""
    return [[_asked(pointer, part) for pointer, part in parts] for parts in form["input"]]


def describe(
    groups: Sequence[Sequence[Check]], *, answer_id: UUID, policy: tuple[str, str]
) -> dict[str, Any]:
    """Return the answer in OpenAI's shape.

    Raises:
        Unavailable: something could not be judged. The shape has no word for that, and
            `flagged: false` would be a pass.
    """
    if any(found.verdict == Verdict.UNAVAILABLE for group in groups for found in group):
        raise Unavailable(
            "Some of this could not be judged just now, so nothing is said about any of it.",
            code="not_judged",
        )
    name, version = policy
    return {
        "id": f"modr-{answer_id.hex}",
        "model": f"tidegate-{name}@{version[:12]}",
        "results": [_result(group) for group in groups],
    }


def _asked(pointer: str, part: Mapping[str, Any]) -> Asked:
    if "image" in part:
        return Asked(pointer, "image", data=part["image"])
    return Asked(pointer, "text", text=part["text"])


def _pointer_of(index: int, part: Mapping[str, Any]) -> str:
    return f"/input/{index}/{'image_url/url' if 'image' in part else 'text'}"


def _result(group: Sequence[Check]) -> dict[str, Any]:
    found: Mapping[str, Category] = categories_of(
        [
            Part("image" if one.surface == "image" else "text", one.scores, one.against)
            for one in group
        ]
    )
    return {
        "flagged": any(one.verdict in (Verdict.HOLD, Verdict.BLOCK) for one in group),
        "categories": {name: one.is_flagged for name, one in found.items()},
        "category_scores": {name: one.score for name, one in found.items()},
        "category_applied_input_types": {name: list(one.applied_to) for name, one in found.items()},
    }
