"""The personal feed and what people do with it."""

from typing import Any, ClassVar, get_args

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recommendations.app import selectors, services
from tidegate.api.forms import checked
from tidegate.api.pagination import limit_of
from tidegate.api.v1.assets import AssetOut, ReasonOut, describe
from tidegate.api.v1.shapes import Id, Text, page_of, paged
from tidegate.api.views import View
from tidegate.contracts.interactions import REPORT_REASONS, InteractionKind
from tidegate.primitives.errors import InvalidInput


class FeedItemOut(serializers.Serializer[Any]):
    """An asset and why it is here."""

    asset = AssetOut()
    reason = ReasonOut(help_text="Why this is shown, as a stable code and in words.")
    position = serializers.IntegerField()


class InteractionIn(serializers.Serializer[Any]):
    """What the viewer did."""

    asset_id = Id()
    kind = serializers.ChoiceField(choices=list(get_args(InteractionKind)))
    note = Text(
        required=False,
        default="",
        max_length=1000,
        allow_blank=True,
        help_text="For a report: what is wrong.",
    )
    reason = serializers.ChoiceField(
        choices=list(REPORT_REASONS),
        required=False,
        allow_blank=True,
        default="",
        help_text="For a report: which rule it breaks.",
    )


class InteractionOut(serializers.Serializer[Any]):
    """What was recorded."""

    id = serializers.UUIDField()
    asset_id = serializers.UUIDField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()


class Feed(View):
    """The asker's feed."""

    scopes: ClassVar[dict[str, str]] = {"GET": "feed:read"}

    @extend_schema(
        operation_id="feed_read",
        tags=["feed"],
        parameters=paged(),
        responses=page_of(FeedItemOut),
    )
    def get(self, request: Request) -> Response:
        """Read a page; every item was released at this very moment."""
        cursor = request.query_params.get("cursor") or None
        if cursor is not None and len(cursor) > 20_000:  # noqa: PLR2004  # far above any of ours
            raise InvalidInput(
                "this cursor is not one of ours", code="invalid_cursor", pointer="/cursor"
            )
        feed = selectors.feed(self.viewer, cursor=cursor, limit=limit_of(request))
        assets = describe(self.viewer, [item.asset for item in feed.items])
        items = [
            {
                "asset": asset,
                "reason": {"code": item.reason.code, "title": item.reason.text},
                "position": item.position,
            }
            for item, asset in zip(feed.items, assets, strict=True)
        ]
        return Response({"items": items, "has_more": feed.next is not None, "next": feed.next})


class Interactions(View):
    """What viewers do."""

    scopes: ClassVar[dict[str, str]] = {"POST": "interactions:write"}

    @extend_schema(
        operation_id="interactions_create",
        tags=["feed"],
        request=InteractionIn,
        responses={201: InteractionOut},
    )
    def post(self, request: Request) -> Response:
        """Record a view, play, like, unlike, hide or report of a visible asset."""
        form = checked(InteractionIn, request.data)
        interaction = services.record_interaction(viewer=self.viewer, **form)
        return Response(InteractionOut(interaction).data, status=201)
