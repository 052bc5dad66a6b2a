"""The personal feed and what people do with it."""

from collections.abc import Sequence
from typing import Any, ClassVar, get_args
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recommendations.app import selectors, services
from tidegate.accounts.viewers import Viewer
from tidegate.api.forms import checked
from tidegate.api.pagination import limit_of
from tidegate.api.v1.assets import AssetOut, ReasonOut, describe
from tidegate.api.v1.jobs import uuid_or_error
from tidegate.api.v1.shapes import Id, Text, Whole, paged
from tidegate.api.views import View
from tidegate.contracts.interactions import REPORT_REASONS, InteractionKind, SignalKind
from tidegate.primitives.errors import InvalidInput


class FeedItemOut(serializers.Serializer[Any]):
    """An asset and why it is here."""

    asset = AssetOut()
    reason = ReasonOut(help_text="Why this is shown, as a stable code and in words.")
    position = serializers.IntegerField()
    is_covered = serializers.BooleanField(
        help_text="Show it after a click only: its marks say so (an interstitial)."
    )


class FeedPageOut(serializers.Serializer[Any]):
    """A page of a feed."""

    items = FeedItemOut(many=True)
    has_more = serializers.BooleanField()
    next = serializers.CharField(
        allow_null=True, help_text="Give it back as `cursor` for the following page."
    )
    slate_id = serializers.UUIDField(
        help_text="Names this slate in signals and in `/feed/slates/{slate_id}/assets/{asset_id}`."
    )
    is_personal = serializers.BooleanField(
        help_text="Whether what the asker did before has a say in it."
    )


class InteractionIn(serializers.Serializer[Any]):
    """What the viewer did."""

    asset_id = Id()
    kind = serializers.ChoiceField(
        choices=[kind for kind in get_args(InteractionKind) if kind != "remix"]
    )
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
    slate_id = Id(
        required=False,
        allow_null=True,
        default=None,
        help_text="In which slate it was shown, if it was.",
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
        parameters=[
            *paged(),
            OpenApiParameter(
                "exclude",
                OpenApiTypes.STR,
                description="Ids of assets to leave out, with commas between; up to 500.",
            ),
            OpenApiParameter(
                "catalogue",
                OpenApiTypes.UUID,
                description="An organisation: recommend its own works only.",
            ),
            OpenApiParameter(
                "personal",
                OpenApiTypes.BOOL,
                description="`false`: what anybody would get, whatever the asker did before.",
            ),
        ],
        responses=FeedPageOut,
    )
    def get(self, request: Request) -> Response:
        """Read a page; every item was released at this very moment."""
        cursor = request.query_params.get("cursor") or None
        if cursor is not None and len(cursor) > 20_000:  # noqa: PLR2004  # far above any of ours
            raise InvalidInput(
                "this cursor is not one of ours", code="invalid_cursor", pointer="/cursor"
            )
        feed = selectors.feed(
            self.viewer,
            cursor=cursor,
            limit=limit_of(request),
            exclude=_ids(request.query_params.get("exclude", "")),
            catalogue=catalogue_of(request),
            is_personal=_flag(request.query_params.get("personal", "true"), "/personal"),
        )
        return Response(
            {
                "items": items_of(self.viewer, feed.items),
                "has_more": feed.next is not None,
                "next": feed.next,
                "slate_id": feed.slate_id,
                "is_personal": feed.is_personal,
            }
        )


class FeedGroundOut(serializers.Serializer[Any]):
    """What spoke for an item, or against it."""

    feature = serializers.CharField()
    text = serializers.CharField()
    value = serializers.FloatField(help_text="How much of it there was: 0 to 1, or -1 to 1.")
    weight = serializers.FloatField(help_text="What that added to the odds; below 0, against.")


class ExplanationOut(serializers.Serializer[Any]):
    """Why an asset stood where it stood in a slate."""

    reason = ReasonOut()
    position = serializers.IntegerField()
    is_explored = serializers.BooleanField(help_text="Whether this place was for trying new work.")
    propensity = serializers.FloatField(help_text="The chance it had to get this place.")
    grounds = FeedGroundOut(many=True)
    model = serializers.CharField(help_text="The version of the ranking model.")
    visibility = serializers.CharField(help_text="`released`, `interstitial` or `followers`.")
    visibility_text = serializers.CharField()


class FeedWhy(View):
    """Why an asset is in one's feed."""

    scopes: ClassVar[dict[str, str]] = {"GET": "feed:read"}

    @extend_schema(operation_id="feed_why", tags=["feed"], responses=ExplanationOut)
    def get(self, request: Request, slate_id: UUID, asset_id: UUID) -> Response:
        """Explain one place of one of one's own slates."""
        found = selectors.why(self.viewer, slate_id, asset_id)
        return Response(
            {
                "reason": {"code": found.reason.code, "title": found.reason.text},
                "position": found.position,
                "is_explored": found.is_explored,
                "propensity": found.propensity,
                "grounds": FeedGroundOut(found.grounds, many=True).data,
                "model": found.model,
                "visibility": found.visibility,
                "visibility_text": found.visibility_text,
            }
        )


class SignalIn(serializers.Serializer[Any]):
    """One thing that a client noticed."""

    asset_id = Id()
    kind = serializers.ChoiceField(choices=list(get_args(SignalKind)))
    slate_id = Id(required=False, allow_null=True, default=None)
    dwell_ms = Whole(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=3_600_000,
        help_text="How long it was on screen (impression) or open (dwell).",
    )


class SignalsIn(serializers.Serializer[Any]):
    """What a client noticed since it last told."""

    signals = serializers.ListField(child=SignalIn(), max_length=services.MOST_SIGNALS)


class SignalsOut(serializers.Serializer[Any]):
    """How many of them count."""

    taken = serializers.IntegerField()


class Signals(View):
    """What clients notice in passing, many at a time."""

    scopes: ClassVar[dict[str, str]] = {"POST": "interactions:write"}

    @extend_schema(
        operation_id="signals_create",
        tags=["feed"],
        request=SignalsIn,
        responses={202: SignalsOut},
    )
    def post(self, request: Request) -> Response:
        """Take up to 500 impressions, views, plays, dwells and shares.

        Left out without an error: what may not be seen, one's own, and everything of somebody who
        wants no personal feed.
        """
        form = checked(SignalsIn, request.data)
        taken = services.notice(
            viewer=self.viewer,
            signals=[services.Signal(**signal) for signal in form["signals"]],
        )
        return Response({"taken": taken}, status=202)


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
        """Record what was done with a visible asset."""
        form = checked(InteractionIn, request.data)
        interaction = services.record_interaction(viewer=self.viewer, **form)
        return Response(InteractionOut(interaction).data, status=201)


def items_of(viewer: Viewer, items: Sequence[selectors.FeedItem]) -> list[dict[str, Any]]:
    """Return recommended items as `FeedItemOut` describes them."""
    assets = describe(viewer, [item.asset for item in items])
    return [
        {
            "asset": asset,
            "reason": {"code": item.reason.code, "title": item.reason.text},
            "position": item.position,
            "is_covered": item.is_covered,
        }
        for item, asset in zip(items, assets, strict=True)
    ]


def _ids(text: str) -> tuple[UUID, ...]:
    names = [name for name in text.split(",") if name]
    return tuple(uuid_or_error(name, "/exclude") for name in names)


def catalogue_of(request: Request) -> UUID | None:
    """Return the organisation that `catalogue` names; None where it is left out."""
    text = request.query_params.get("catalogue")
    return None if text is None else uuid_or_error(text, "/catalogue")


def _flag(text: str, pointer: str) -> bool:
    if text not in {"true", "false"}:
        raise InvalidInput("true or false", code="unknown_choice", pointer=pointer)
    return text == "true"
