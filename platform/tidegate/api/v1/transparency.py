"""The transparency report of a period."""

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors
from moderation.app.periods import period
from moderation.app.transparency_table import figures
from tidegate.api.views import View


class FigureOut(serializers.Serializer[Any]):
    """One figure: a count, or a median in whole hours where the indicator says so."""

    indicator = serializers.CharField()
    category = serializers.CharField(allow_blank=True)
    scope = serializers.CharField(allow_blank=True)
    value = serializers.IntegerField()


class TransparencyOut(serializers.Serializer[Any]):
    """What was decided in whole months, in UTC."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="The first moment after it.")
    figures = FigureOut(many=True)


class Transparency(View):
    """Counts of decisions, complaints and notices. No person is in them."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(
        operation_id="transparency_read",
        tags=["statements"],
        parameters=[
            OpenApiParameter("since", OpenApiTypes.STR, description="First month, 2026-11."),
            OpenApiParameter("until", OpenApiTypes.STR, description="Last month."),
        ],
        responses=TransparencyOut,
    )
    def get(self, request: Request) -> Response:
        """Read the transparency report of a period; this month where none is named. Staff only."""
        asked = period(request.query_params.get("since", ""), request.query_params.get("until", ""))
        report = selectors.transparency_for(self.viewer, since=asked.since, until=asked.until)
        names = ("indicator", "category", "scope", "value")
        shown = {
            "since": report.since,
            "until": report.until,
            "figures": [dict(zip(names, one, strict=True)) for one in figures(report)],
        }
        return Response(TransparencyOut(shown).data)
