"""Finding works by words, and people by their works."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recommendations.app import selectors, services
from tidegate.api.pagination import limit_of
from tidegate.api.v1.assets import AssetOut, describe
from tidegate.api.v1.feed import FeedItemOut, catalogue_of, items_of
from tidegate.api.v1.shapes import paged
from tidegate.api.views import View


class CreatorOut(serializers.Serializer[Any]):
    """Somebody who makes things."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class SuggestedOut(serializers.Serializer[Any]):
    """A creator one might follow, and the works that speak for them."""

    creator = CreatorOut()
    followers = serializers.IntegerField()
    works = AssetOut(many=True)


class Search(View):
    """Search among released works."""

    scopes: ClassVar[dict[str, str]] = {"GET": "feed:read"}

    @extend_schema(
        operation_id="search",
        tags=["feed"],
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, required=True, description="What to find."),
            OpenApiParameter(
                "catalogue",
                OpenApiTypes.UUID,
                description="An organisation: search its own works only.",
            ),
            paged()[0],
        ],
        responses=inline_serializer("SearchList", {"items": FeedItemOut(many=True)}),
    )
    def get(self, request: Request) -> Response:
        """Search by words and by meaning; every item was released at this very moment."""
        found = selectors.search(
            self.viewer,
            request.query_params.get("q", ""),
            limit=limit_of(request),
            catalogue=catalogue_of(request),
        )
        return Response({"items": items_of(self.viewer, found)})


class SuggestedCreators(View):
    """Creators one might follow."""

    scopes: ClassVar[dict[str, str]] = {"GET": "feed:read"}

    @extend_schema(
        operation_id="creators_suggested",
        tags=["feed"],
        parameters=paged()[:1],
        responses=inline_serializer("SuggestedCreators", {"items": SuggestedOut(many=True)}),
    )
    def get(self, request: Request) -> Response:
        """List creators by those of their works that one would be shown first."""
        found = selectors.suggested(self.viewer, limit=limit_of(request))
        return Response(
            {
                "items": [
                    {
                        "creator": {"id": one.creator.pk, "name": one.creator.display_name},
                        "followers": one.followers,
                        "works": describe(self.viewer, list(one.works)),
                    }
                    for one in found
                ]
            }
        )


class CreatorFollow(View):
    """Following somebody."""

    scopes: ClassVar[dict[str, str]] = {
        "PUT": "interactions:write",
        "DELETE": "interactions:write",
    }

    @extend_schema(
        operation_id="creators_follow", tags=["feed"], request=None, responses={204: None}
    )
    def put(self, request: Request, creator_id: UUID) -> Response:
        """Follow; twice is once. It ends a mute."""
        services.follow(viewer=self.viewer, creator_id=creator_id, is_following=True)
        return Response(status=204)

    @extend_schema(operation_id="creators_unfollow", tags=["feed"], responses={204: None})
    def delete(self, request: Request, creator_id: UUID) -> Response:
        """Follow no longer."""
        services.follow(viewer=self.viewer, creator_id=creator_id, is_following=False)
        return Response(status=204)


class CreatorMute(View):
    """Muting somebody."""

    scopes: ClassVar[dict[str, str]] = {
        "PUT": "interactions:write",
        "DELETE": "interactions:write",
    }

    @extend_schema(operation_id="creators_mute", tags=["feed"], request=None, responses={204: None})
    def put(self, request: Request, creator_id: UUID) -> Response:
        """Be recommended nothing of theirs, from the next page on. It ends following."""
        services.mute(viewer=self.viewer, creator_id=creator_id, is_muted=True)
        return Response(status=204)

    @extend_schema(operation_id="creators_unmute", tags=["feed"], responses={204: None})
    def delete(self, request: Request, creator_id: UUID) -> Response:
        """Be recommended their works again."""
        services.mute(viewer=self.viewer, creator_id=creator_id, is_muted=False)
        return Response(status=204)
