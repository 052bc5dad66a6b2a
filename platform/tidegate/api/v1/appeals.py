"""Appeals: of the asker, against decisions about what they made or reported."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors, services
from moderation.app.models import Appeal
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.shapes import Id, Text, page_of, paged
from tidegate.api.views import View
from tidegate.assets.selectors import asset_for


class AppealOut(serializers.Serializer[Any]):
    """An appeal; `upheld` means that the decision stands, `overturned` that it does not."""

    id = serializers.UUIDField()
    asset_id = serializers.UUIDField()
    party = serializers.ChoiceField(choices=Appeal.Party.choices)
    reason = serializers.CharField(source="words")
    case_id = serializers.UUIDField(source="answer_id", help_text="The number of its case.")
    state = serializers.ChoiceField(choices=Appeal.State.choices)
    made_at = serializers.DateTimeField(source="created_at")
    closed_at = serializers.DateTimeField(allow_null=True)


class AppealIn(serializers.Serializer[Any]):
    """Why a decision is wrong."""

    asset_id = Id()
    reason = Text(min_length=1, max_length=2000)


class AppealStandingOut(serializers.Serializer[Any]):
    """Whether the asker may appeal about an asset, and till when."""

    may_appeal = serializers.SerializerMethodField()
    refusal = serializers.CharField(allow_blank=True, help_text="Why not; empty where they may.")
    until = serializers.SerializerMethodField()
    appeal = AppealOut(allow_null=True, help_text="The asker's newest about it.")

    def get_may_appeal(self, standing: selectors.AppealStanding) -> bool:
        """Whether an appeal would be taken now."""
        return not standing.refusal

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_until(self, standing: selectors.AppealStanding) -> str | None:
        """The end of the time to appeal in; null where nothing was decided against the asker."""
        return None if standing.decision is None else standing.decision.until.isoformat()


class Appeals(View):
    """The asker's appeals."""

    scopes: ClassVar[dict[str, str]] = {
        "GET": "assets:read",
        "POST": "assets:write assets:read",
    }

    @extend_schema(
        operation_id="appeals_list",
        tags=["appeals"],
        parameters=[*paged()],
        responses=page_of(AppealOut),
    )
    def get(self, request: Request) -> Response:
        """List one's own appeals, newest first."""
        rows = selectors.own_appeals(self.viewer)
        return page(request, rows, lambda found: AppealOut(found, many=True).data, filters={})

    @extend_schema(
        operation_id="appeals_create",
        tags=["appeals"],
        request=AppealIn,
        responses={201: AppealOut},
    )
    def post(self, request: Request) -> Response:
        """Appeal against a block of one's own asset, or against the end of one's own report.

        Another person than the one who decided looks again. One appeal for each decision; the
        same words sent again return it.
        """
        form = checked(AppealIn, request.data)
        appeal = services.make_appeal(
            viewer=self.viewer, asset_id=form["asset_id"], words=form["reason"]
        )
        return Response(AppealOut(appeal).data, status=201)


class AssetAppeal(View):
    """How the asker stands to what was decided about an asset."""

    scopes: ClassVar[dict[str, str]] = {"GET": "assets:read"}

    @extend_schema(operation_id="assets_appeal", tags=["appeals"], responses=AppealStandingOut)
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Read whether one may appeal about an asset, and how one's appeal stands."""
        asset = asset_for(self.viewer, asset_id)
        standing = selectors.appeal_standing(asset, self.viewer.user_id)
        return Response(AppealStandingOut(standing).data)
