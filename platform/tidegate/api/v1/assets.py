"""Assets: what came out, who may see it, how it got where it is."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app.masking import asset_seen_by, masked
from recommendations.app import selectors as recommendations
from tidegate.accounts.viewers import Viewer
from tidegate.api.authentication import MayLook
from tidegate.api.forms import checked
from tidegate.api.pagination import limit_of, page
from tidegate.api.v1.jobs import uuid_or_error
from tidegate.api.v1.preset_shapes import UsedPresetOut, presets_used
from tidegate.api.v1.shapes import Text, choice, page_of, paged
from tidegate.api.views import View
from tidegate.assets import selectors, services
from tidegate.assets.models import Asset, Modality, Move, Rendition, Visibility
from tidegate.primitives.errors import InvalidInput


class RenditionOut(serializers.ModelSerializer[Rendition]):
    """One file of an asset; `url` asks the gate on every request."""

    url = serializers.SerializerMethodField()
    sha256 = serializers.CharField(source="blob_id", read_only=True)

    class Meta:
        model = Rendition
        fields = ("id", "kind", "media_type", "width", "height", "duration_ms", "sha256", "url")

    def get_url(self, rendition: Rendition) -> str:
        """Return the address of the bytes."""
        return f"/media/{rendition.pk}"


class ReasonOut(serializers.Serializer[Any]):
    """Why an asset is held or blocked, in the author's words."""

    code = serializers.CharField()
    title = serializers.CharField()
    words = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Listed words that were found, where the author may know them.",
    )


class CreditOut(serializers.Serializer[Any]):
    """Whose work an asset is a remix of."""

    asset_id = serializers.UUIDField()
    title = serializers.CharField()
    author = serializers.CharField()


class AssetOut(serializers.ModelSerializer[Asset]):
    """An asset. Its job and why it was ever held are told to its owner and to staff only.

    Needs the context that `showing` makes.
    """

    organisation_id = serializers.UUIDField(read_only=True)
    project_id = serializers.UUIDField(read_only=True)
    owner_id = serializers.UUIDField(read_only=True)
    parent_id = serializers.UUIDField(read_only=True, allow_null=True)
    whole_id = serializers.UUIDField(
        read_only=True,
        allow_null=True,
        help_text="The composition that it is a part of; an asset once all parts are released.",
    )
    credit = serializers.SerializerMethodField(
        help_text="The parent and its author, while one may see it."
    )
    preset = serializers.SerializerMethodField(
        help_text="What the prompt was written with, while one may see it."
    )
    model = serializers.CharField(source="model_name", read_only=True)
    parameters = serializers.DictField(read_only=True)
    public_reasons = ReasonOut(many=True, read_only=True)
    rating = serializers.CharField(
        read_only=True, help_text="For whom it is, as reviewers said; empty: nobody has."
    )
    labels = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What reviewers put beside it."
    )
    renditions = RenditionOut(many=True, read_only=True)

    class Meta:
        model = Asset
        fields = (
            "id",
            "organisation_id",
            "project_id",
            "owner_id",
            "job_id",
            "parent_id",
            "whole_id",
            "credit",
            "modality",
            "title",
            "prompt",
            "text",
            "media_type",
            "visibility",
            "visibility_version",
            "public_reasons",
            "rating",
            "labels",
            "model",
            "model_version",
            "parameters",
            "preset",
            "seed",
            "renditions",
            "created_at",
            "released_at",
        )

    @extend_schema_field(CreditOut(allow_null=True))
    def get_credit(self, asset: Asset) -> dict[str, Any] | None:
        """Return what it was made from and by whom."""
        parents: dict[UUID, dict[str, Any]] = self.context["parents"]
        return None if asset.parent_id is None else parents.get(asset.parent_id)

    @extend_schema_field(UsedPresetOut(allow_null=True))
    def get_preset(self, asset: Asset) -> dict[str, Any] | None:
        """Return the preset and its author."""
        used: dict[UUID, dict[str, Any]] = self.context["presets"]
        return None if asset.preset_version_id is None else used.get(asset.preset_version_id)

    def to_representation(self, instance: Asset) -> dict[str, Any]:
        """Leave out what this viewer may not know, and mask what is not theirs."""
        if not self.context.get("is_revealed"):
            instance = asset_seen_by(self.context["viewer"], instance)
        shown = dict(super().to_representation(instance))
        if instance.parent_id not in self.context["parents"]:
            shown["parent_id"] = None
        shown["parameters"] = selectors.parameters_of(self.context["viewer"], instance)
        if not selectors.sees_all_of(self.context["viewer"], instance):
            shown |= {"job_id": None, "public_reasons": []}
        return shown


def showing(viewer: Viewer, assets: Sequence[Asset]) -> dict[str, Any]:
    """Return the serialiser's context: who looks, and which parents they may see. One query."""
    wanted = [asset.parent_id for asset in assets if asset.parent_id is not None]
    seen = selectors.visible_to(viewer).filter(pk__in=wanted) if wanted else Asset.objects.none()
    parents = {
        asset_id: {
            "asset_id": asset_id,
            "title": masked(title) if viewer.is_staff else title,
            "author": author,
        }
        for asset_id, title, author in seen.values_list("pk", "title", "owner__display_name")
    }
    used = presets_used(viewer, (asset.preset_version_id for asset in assets))
    return {"viewer": viewer, "parents": parents, "presets": used}


def describe(viewer: Viewer, assets: Sequence[Asset]) -> list[Any]:
    """Serialise assets as one viewer may see them."""
    return list(AssetOut(assets, many=True, context=showing(viewer, assets)).data)


class MoveOut(serializers.ModelSerializer[Move]):
    """One move of an asset's visibility."""

    class Meta:
        model = Move
        fields = ("before", "after", "actor_kind", "reason", "at", "version")


class WithdrawIn(serializers.Serializer[Any]):
    """Why it goes or comes back."""

    reason = Text(required=False, default="", max_length=500, allow_blank=True)


class Assets(View):
    """Every asset one may see."""

    scopes: ClassVar[dict[str, str]] = {"GET": "assets:read"}

    @extend_schema(
        operation_id="assets_list",
        tags=["assets"],
        parameters=[
            *paged(),
            choice("visibility", Visibility.values, "Only assets in this state."),
            choice("modality", Modality.values, "Only this kind."),
            OpenApiParameter("project_id", OpenApiTypes.UUID, description="Only this project's."),
            choice("owner", ["me"], "Only one's own."),
            OpenApiParameter(
                "whole_id", OpenApiTypes.UUID, description="The parts of this composition."
            ),
        ],
        responses=page_of(AssetOut),
    )
    def get(self, request: Request) -> Response:
        """List assets, newest first. What is a part of a whole is listed with `whole_id` alone."""
        rows = selectors.visible_to(self.viewer).prefetch_related("renditions")
        filters: dict[str, str] = {}
        if whole := request.query_params.get("whole_id"):
            filters["whole_id"] = whole
            rows = rows.filter(whole_id=uuid_or_error(whole, "/whole_id"))
        else:
            rows = rows.filter(whole__isnull=True)
        for name, values in (
            ("visibility", Visibility.values),
            ("modality", Modality.values),
        ):
            if wanted := request.query_params.get(name):
                if wanted not in values:
                    raise InvalidInput(f"no such {name}", code="unknown_choice", pointer=f"/{name}")
                filters[name] = wanted
                rows = rows.filter(**{name: wanted})
        if project := request.query_params.get("project_id"):
            filters["project_id"] = project
            rows = rows.filter(project_id=uuid_or_error(project, "/project_id"))
        if owner := request.query_params.get("owner"):
            if owner != "me":
                raise InvalidInput(
                    "owner may only be `me`", code="unknown_choice", pointer="/owner"
                )
            filters["owner"] = owner
            rows = rows.filter(owner_id=request.user.pk)
        return page(request, rows, partial(describe, self.viewer), filters=filters)


class AssetView(View):
    """One asset; a released one of a public project needs no account."""

    permission_classes = (MayLook,)
    scopes: ClassVar[dict[str, str]] = {"GET": "assets:read"}

    @extend_schema(operation_id="assets_read", tags=["assets"], responses=AssetOut)
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Read an asset."""
        return Response(describe(self.viewer, [selectors.asset_for(self.viewer, asset_id)])[0])


class AssetHistory(View):
    """How an asset got where it is."""

    scopes: ClassVar[dict[str, str]] = {"GET": "assets:read"}

    @extend_schema(
        operation_id="assets_history",
        tags=["assets"],
        responses=inline_serializer("AssetHistory", {"items": MoveOut(many=True)}),
    )
    def get(self, request: Request, asset_id: UUID) -> Response:
        """List the moves of one's own asset, oldest first; staff see everybody's."""
        rows = selectors.history_for(self.viewer, asset_id)
        return Response({"items": MoveOut(rows, many=True).data})


class AssetWithdraw(View):
    """Takes one's own released asset out of sight."""

    scopes: ClassVar[dict[str, str]] = {"POST": "assets:write assets:read"}

    @extend_schema(
        operation_id="assets_withdraw", tags=["assets"], request=WithdrawIn, responses=AssetOut
    )
    def post(self, request: Request, asset_id: UUID) -> Response:
        """Withdraw; it is gone for everybody else at their next request."""
        form = checked(WithdrawIn, request.data)
        asset = services.withdraw_asset(
            viewer=self.viewer, asset_id=asset_id, reason=form["reason"]
        )
        return Response(describe(self.viewer, [asset])[0])


class AssetRestore(View):
    """Brings a withdrawn asset back."""

    scopes: ClassVar[dict[str, str]] = {"POST": "assets:write assets:read"}

    @extend_schema(
        operation_id="assets_restore", tags=["assets"], request=WithdrawIn, responses=AssetOut
    )
    def post(self, request: Request, asset_id: UUID) -> Response:
        """Restore what one withdrew oneself."""
        form = checked(WithdrawIn, request.data)
        asset = services.restore_asset(viewer=self.viewer, asset_id=asset_id, reason=form["reason"])
        return Response(describe(self.viewer, [asset])[0])


class AssetSimilar(View):
    """Released assets that are like this one."""

    scopes: ClassVar[dict[str, str]] = {"GET": "feed:read"}

    @extend_schema(
        operation_id="assets_similar",
        tags=["feed"],
        parameters=paged()[:1],
        responses=inline_serializer("SimilarList", {"items": AssetOut(many=True)}),
    )
    def get(self, request: Request, asset_id: UUID) -> Response:
        """List similar assets, nearest first."""
        selectors.asset_for(self.viewer, asset_id)
        found = recommendations.similar(self.viewer, asset_id, limit_of(request))
        return Response({"items": describe(self.viewer, [item.asset for item in found])})
