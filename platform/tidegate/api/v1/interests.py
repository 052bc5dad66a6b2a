"""What one's feed goes by: interests, choices, and the way to have all of it forgotten."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recommendations.app import selectors, services
from tidegate.api.forms import checked
from tidegate.api.v1.shapes import Flag, Text
from tidegate.api.views import View


class InterestOut(serializers.Serializer[Any]):
    """Something one is drawn to, or turns away from."""

    facet = serializers.CharField(help_text="Name it in `silenced` to make it count for nothing.")
    kind = serializers.CharField(help_text="`creator`, `tag`, `model` or `modality`.")
    name = serializers.CharField()
    weight = serializers.FloatField(help_text="Fades with time; below 0, away from it.")
    is_silenced = serializers.BooleanField()


class FeedChoicesOut(serializers.Serializer[Any]):
    """What one wants of one's feed."""

    is_personal = serializers.BooleanField(
        help_text="False: everybody's feed, and nothing of what one looks at is recorded."
    )
    rating = serializers.CharField(help_text="The highest rating to be shown; empty: all.")
    hides_covered = serializers.BooleanField()
    languages = serializers.ListField(
        child=serializers.CharField(), help_text="Of authors; none: all."
    )
    silenced = serializers.ListField(child=serializers.CharField())


class InterestsOut(serializers.Serializer[Any]):
    """Everything that one's feed goes by."""

    interests = InterestOut(many=True)
    choices = FeedChoicesOut()
    deeds = serializers.IntegerField(help_text="How much of what one did is behind it.")


class FeedChoicesIn(serializers.Serializer[Any]):
    """Changes; what is left out stays."""

    is_personal = Flag(required=False)
    rating = Text(required=False, allow_blank=True, max_length=32)
    hides_covered = Flag(required=False)
    languages = serializers.ListField(child=Text(max_length=12), required=False, max_length=20)
    silenced = serializers.ListField(child=Text(max_length=140), required=False, max_length=200)


class ForgottenOut(serializers.Serializer[Any]):
    """A receipt: how many rows of what were erased."""

    erased = serializers.DictField(child=serializers.IntegerField())


class OwnInterests(View):
    """One's own interests."""

    scopes: ClassVar[dict[str, str]] = {
        "GET": "feed:read",
        "PATCH": "interactions:write feed:read",
        "DELETE": "interactions:write",
    }

    @extend_schema(operation_id="interests_read", tags=["feed"], responses=InterestsOut)
    def get(self, request: Request) -> Response:
        """Read what one's feed goes by."""
        return Response(InterestsOut(selectors.interests_of(self.viewer)).data)

    @extend_schema(
        operation_id="interests_choose",
        tags=["feed"],
        request=FeedChoicesIn,
        responses=InterestsOut,
    )
    def patch(self, request: Request) -> Response:
        """Change what one wants; it holds from the next page on."""
        services.choose(viewer=self.viewer, **checked(FeedChoicesIn, request.data))
        return Response(InterestsOut(selectors.interests_of(self.viewer)).data)

    @extend_schema(operation_id="interests_reset", tags=["feed"], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Begin anew: what one did so far counts for nothing in what one is shown."""
        services.reset_interests(viewer=self.viewer)
        return Response(status=204)


class OwnFeedData(View):
    """All that recommendations know of oneself."""

    scopes: ClassVar[dict[str, str]] = {"DELETE": "interactions:write"}

    @extend_schema(operation_id="feed_data_erase", tags=["feed"], responses={200: ForgottenOut})
    def delete(self, request: Request) -> Response:
        """Erase it: likes, hides, history, tastes, what one was shown, one's share in counts."""
        return Response({"erased": services.forget_person(viewer=self.viewer)})
