"""What should have been judged by now: the gauge of an operator's alerting, and its list."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app.selectors import overdue
from tidegate.api.pagination import limit_of
from tidegate.api.v1.shapes import paged
from tidegate.api.views import View


class OverdueAssetOut(serializers.Serializer[Any]):
    """An asset whose deadline has passed, and the case it became."""

    asset_id = serializers.UUIDField()
    organisation_id = serializers.UUIDField()
    modality = serializers.CharField()
    visibility = serializers.CharField()
    created_at = serializers.DateTimeField()
    judge_by = serializers.DateTimeField()
    case_id = serializers.UUIDField(allow_null=True)
    escalated_at = serializers.DateTimeField(allow_null=True)


class OverdueOut(serializers.Serializer[Any]):
    """How much is overdue, and what waits the longest."""

    count = serializers.IntegerField()
    escalated = serializers.IntegerField(help_text="So many of them are with people already.")
    oldest_judge_by = serializers.DateTimeField(allow_null=True)
    items = OverdueAssetOut(many=True, source="assets")


class OverdueAssets(View):
    """Assets that were not judged before their deadline."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(
        operation_id="overdue_list", tags=["cases"], parameters=paged()[:1], responses=OverdueOut
    )
    def get(self, request: Request) -> Response:
        """Read what is overdue. It leaves the list when a person or a detector has decided."""
        found = overdue(self.viewer, limit=limit_of(request))
        return Response(OverdueOut(found).data)
