"""Presets: kept ways of asking, in versions; published, withdrawn, taken down."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from generation.app.models import PresetVersion
from generation.app.presets import publishing, selectors, services
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.preset_shapes import (
    PresetIn,
    PresetNextIn,
    PresetOut,
    describe_presets,
    describe_versions,
    words_of,
)
from tidegate.api.v1.shapes import Text, Whole, choice, page_of, paged
from tidegate.api.views import View
from tidegate.primitives.errors import InvalidInput

SCOPES = ["user", "organisation", "public"]
_DIGITS = 9
_VERSION = OpenApiParameter(
    "version", OpenApiTypes.INT, description="Which one; else the newest that one sees."
)


class PresetReasonIn(serializers.Serializer[Any]):
    """Why."""

    reason = Text(max_length=500)


class PresetVersionIn(serializers.Serializer[Any]):
    """Which version is meant."""

    version = Whole(required=False, allow_null=True, default=None, min_value=1)


class Presets(View):
    """The presets one may use."""

    scopes: ClassVar[dict[str, str]] = {"GET": "presets:read", "POST": "presets:write"}

    @extend_schema(
        operation_id="presets_list",
        tags=["presets"],
        parameters=[
            *paged(),
            choice("scope", SCOPES, "One's own, one's organisations', or everybody's."),
            choice("archived", ["true"], "Those that are out of use, of one's own."),
        ],
        responses=page_of(PresetOut),
    )
    def get(self, request: Request) -> Response:
        """List presets, newest first, each by the newest version that one sees."""
        filters: dict[str, str] = {}
        scope = request.query_params.get("scope")
        if scope is not None:
            if scope not in SCOPES:
                raise InvalidInput("no such scope", code="unknown_choice", pointer="/scope")
            filters["scope"] = scope
        archived = request.query_params.get("archived")
        if archived not in {None, "true"}:
            raise InvalidInput("may only be true", code="unknown_choice", pointer="/archived")
        if archived:
            filters["archived"] = "true"
            rows = selectors.own_presets(self.viewer).filter(archived_at__isnull=False)
        elif scope == "public":
            rows = selectors.public_presets()
        elif scope is not None:
            rows = selectors.own_presets(self.viewer, scope).filter(archived_at=None)
        else:
            rows = selectors.presets_visible_to(self.viewer).filter(archived_at=None)
        return page(request, rows, partial(describe_presets, self.viewer), filters=filters)

    @extend_schema(
        operation_id="presets_create",
        tags=["presets"],
        request=PresetIn,
        responses={201: PresetOut},
    )
    def post(self, request: Request) -> Response:
        """Keep a preset; nobody but its keepers sees it until a version is published."""
        form = checked(PresetIn, request.data)
        version = services.create_preset(
            viewer=self.viewer,
            organisation_id=form["organisation_id"],
            scope=form["scope"],
            words=words_of(form),
        )
        return Response(
            _described(self, version),
            status=201,
            headers={"Location": f"/api/v1/presets/{version.preset_id}"},
        )


class PresetView(View):
    """One preset."""

    scopes: ClassVar[dict[str, str]] = {"GET": "presets:read"}

    @extend_schema(
        operation_id="presets_read", tags=["presets"], parameters=[_VERSION], responses=PresetOut
    )
    def get(self, request: Request, preset_id: UUID) -> Response:
        """Read a preset by its newest version that one sees, or by another one."""
        number = _number(request.query_params.get("version"))
        version = selectors.version_for(self.viewer, preset_id, number)
        return Response(_described(self, version))


class PresetVersions(View):
    """The versions of a preset."""

    scopes: ClassVar[dict[str, str]] = {
        "GET": "presets:read",
        "POST": "presets:write presets:read",
    }

    @extend_schema(
        operation_id="presets_versions_list",
        tags=["presets"],
        responses=inline_serializer("PresetVersions", {"items": PresetOut(many=True)}),
    )
    def get(self, request: Request, preset_id: UUID) -> Response:
        """List the versions that one sees, newest first."""
        rows = selectors.versions_for(self.viewer, preset_id)
        return Response({"items": describe_versions(self.viewer, rows)})

    @extend_schema(
        operation_id="presets_versions_create",
        tags=["presets"],
        request=PresetNextIn,
        responses={201: PresetOut},
    )
    def post(self, request: Request, preset_id: UUID) -> Response:
        """Write the next version; unchanged words are no new one. It is private at first."""
        form = checked(PresetNextIn, request.data)
        version = services.add_version(
            viewer=self.viewer,
            preset_id=preset_id,
            words=words_of(form),
            latest=form["latest"],
        )
        return Response(_described(self, version), status=201)


class PresetArchive(View):
    """The end of a preset's use."""

    scopes: ClassVar[dict[str, str]] = {"POST": "presets:write presets:read"}

    @extend_schema(
        operation_id="presets_archive", tags=["presets"], request=None, responses=PresetOut
    )
    def post(self, request: Request, preset_id: UUID) -> Response:
        """Take it out of use, for everybody. Twice is no error."""
        version = services.archive_preset(viewer=self.viewer, preset_id=preset_id, is_archived=True)
        return Response(_described(self, version))


class PresetRestore(View):
    """Its return."""

    scopes: ClassVar[dict[str, str]] = {"POST": "presets:write presets:read"}

    @extend_schema(
        operation_id="presets_restore", tags=["presets"], request=None, responses=PresetOut
    )
    def post(self, request: Request, preset_id: UUID) -> Response:
        """Bring it back into use; versions that were public are so again."""
        version = services.archive_preset(
            viewer=self.viewer, preset_id=preset_id, is_archived=False
        )
        return Response(_described(self, version))


class PresetPublish(View):
    """The way of a version to everybody."""

    scopes: ClassVar[dict[str, str]] = {"POST": "presets:write presets:read"}

    @extend_schema(
        operation_id="presets_publish",
        tags=["presets"],
        request=PresetVersionIn,
        responses=PresetOut,
    )
    def post(self, request: Request, preset_id: UUID) -> Response:
        """Ask the gate about a version; `publication` says what it answered.

        `held` and `unanswered` stay private and may be asked about again, `refused` may not.
        """
        form = checked(PresetVersionIn, request.data)
        version = publishing.publish_version(
            viewer=self.viewer, preset_id=preset_id, number=form["version"]
        )
        return Response(_described(self, version))


class PresetWithdraw(View):
    """The way back."""

    scopes: ClassVar[dict[str, str]] = {"POST": "presets:write presets:read"}

    @extend_schema(
        operation_id="presets_withdraw", tags=["presets"], request=None, responses=PresetOut
    )
    def post(self, request: Request, preset_id: UUID) -> Response:
        """Take every public version out of others' sight, from their next request on."""
        version = publishing.withdraw_preset(viewer=self.viewer, preset_id=preset_id)
        return Response(_described(self, version))


class PresetTakeDown(View):
    """What staff do about a preset; people only, never through a key."""

    @extend_schema(
        operation_id="presets_take_down",
        tags=["presets"],
        request=PresetReasonIn,
        responses=PresetOut,
    )
    def post(self, request: Request, preset_id: UUID) -> Response:
        """Take it from everybody but its keepers, who read the reason. Review staff only."""
        return _rule(self, request, preset_id, is_taken_down=True)


class PresetReinstate(View):
    """What staff undo; people only, never through a key."""

    @extend_schema(
        operation_id="presets_reinstate",
        tags=["presets"],
        request=PresetReasonIn,
        responses=PresetOut,
    )
    def post(self, request: Request, preset_id: UUID) -> Response:
        """Give it back; versions that were public are so again. Review staff only."""
        return _rule(self, request, preset_id, is_taken_down=False)


def _rule(view: View, request: Request, preset_id: UUID, *, is_taken_down: bool) -> Response:
    form = checked(PresetReasonIn, request.data)
    version = publishing.take_down_preset(
        viewer=view.viewer,
        preset_id=preset_id,
        reason=form["reason"],
        is_taken_down=is_taken_down,
    )
    return Response(_described(view, version))


def _described(view: View, version: PresetVersion) -> Any:
    (described,) = describe_versions(view.viewer, [version])
    return described


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= _DIGITS):
        raise InvalidInput("this is no version", code="out_of_range", pointer="/version")
    return int(text)
