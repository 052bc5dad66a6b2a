"""Shapes that several resources share."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from tidegate.api.pagination import DEFAULT_LIMIT, MAXIMUM_LIMIT


class Text(serializers.CharField):
    """A JSON string; a number is not taken for its digits."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Whole(serializers.IntegerField):
    """A JSON number without fraction; `"5"`, `true` and `5.5` are refused."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data // 1:
            self.fail("invalid")
        return super().to_internal_value(int(data))


class Flag(serializers.BooleanField):
    """`true` or `false`, not what reads like it."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the flag."""
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return data


class Id(serializers.UUIDField):
    """A UUID in its usual form; not a number."""

    def to_internal_value(self, data: Any) -> UUID:
        """Return the id."""
        if not isinstance(data, str):
            self.fail("invalid", value=type(data).__name__)
        return super().to_internal_value(data)


def page_of(item: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """Return the schema of a page of items."""
    return inline_serializer(
        name=f"{item.__name__.removesuffix('Out')}Page",
        fields={
            "items": item(many=True),
            "has_more": serializers.BooleanField(),
            "next": serializers.CharField(
                allow_null=True, help_text="Give it back as `cursor` for the following page."
            ),
        },
    )


def paged() -> list[OpenApiParameter]:
    """Return the query parameters of a paged list."""
    return [
        OpenApiParameter(
            "limit",
            {
                "type": "integer",
                "minimum": 1,
                "maximum": MAXIMUM_LIMIT,
                "default": DEFAULT_LIMIT,
            },
            description="How many items a page holds.",
        ),
        OpenApiParameter(
            "cursor", OpenApiTypes.STR, description="`next` of the page before; opaque."
        ),
    ]


def choice(name: str, values: list[str], description: str) -> OpenApiParameter:
    """Return a query parameter that takes one of some words."""
    return OpenApiParameter(name, OpenApiTypes.STR, enum=values, description=description)
