"""Uploads: pictures to work on, brought along as a form's file or as the body itself."""

from collections.abc import Mapping, Sequence
from typing import IO, Any, ClassVar
from uuid import UUID

from django.core.files.base import File
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from tidegate.api.pagination import page
from tidegate.api.v1.jobs import uuid_or_error
from tidegate.api.v1.shapes import Id, page_of, paged
from tidegate.api.views import View
from tidegate.primitives.errors import FieldError, InvalidInput, TooLarge
from tidegate.uploads import selectors, services
from tidegate.uploads.models import Upload
from tidegate.uploads.pictures import LARGEST_BYTES

# A form wraps the file in a few lines of its own.
_LARGEST_FORM = LARGEST_BYTES + 16 * 1024


class Raw(BaseParser):
    """The body is the picture; what it is, its bytes say."""

    media_type = "image/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        """Return the body as `file`. Raises TooLarge."""
        body = stream.read(LARGEST_BYTES + 1)
        if len(body) > LARGEST_BYTES:
            raise _too_large()
        return {"file": body}


class Bytes(Raw):
    """As `Raw`, under the name for bytes of any kind."""

    media_type = "application/octet-stream"


class Form(MultiPartParser):
    """A form with a file; refused by its announced length before it is read."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:  # DataAndFiles of the framework, which its stubs keep generic
        """Return fields and files. Raises TooLarge, ParseError."""
        request = (parser_context or {})["request"]
        try:
            announced = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError as error:
            raise ParseError("Content-Length is no number.") from error
        if announced > _LARGEST_FORM:
            raise _too_large()
        return super().parse(stream, media_type, parser_context)


class UploadIn(serializers.Serializer[Any]):
    """A picture and the project it is for."""

    project_id = Id()
    file = serializers.FileField(help_text="PNG, JPEG, WebP or GIF; at most 12 MiB, 40 megapixels.")


class UploadOut(serializers.ModelSerializer[Upload]):
    """An upload. It is usable as an input of jobs when it is `accepted`."""

    project_id = serializers.UUIDField(read_only=True)
    state = serializers.ChoiceField(choices=Upload.State.choices)
    is_screened = serializers.SerializerMethodField(
        help_text="False while the picture still waits for its check."
    )
    reasons = serializers.ListField(child=serializers.CharField())
    sha256 = serializers.CharField(source="blob_id", allow_null=True, read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = (
            "id",
            "project_id",
            "state",
            "is_screened",
            "reasons",
            "media_type",
            "width",
            "height",
            "sha256",
            "source_type",
            "source_sha256",
            "url",
            "created_at",
            "expires_at",
        )

    def get_is_screened(self, upload: Upload) -> bool:
        """Whether the picture was checked."""
        return upload.screened_at is not None

    def get_url(self, upload: Upload) -> str:
        """Return the address of the bytes as they are kept; they show to their owner only."""
        return f"/media/uploads/{upload.pk}"


class Uploads(View):
    """One's own uploads."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read", "POST": "jobs:write jobs:read"}
    parser_classes: Sequence[type[BaseParser]] = (Form, Raw, Bytes)

    @extend_schema(
        operation_id="uploads_list",
        tags=["uploads"],
        parameters=paged(),
        responses=page_of(UploadOut),
    )
    def get(self, request: Request) -> Response:
        """List one's own uploads that have not expired, newest first."""
        return page(request, selectors.uploads_of(self.viewer), describe, filters={})

    @extend_schema(
        operation_id="uploads_create",
        tags=["uploads"],
        parameters=[
            OpenApiParameter(
                "project_id",
                OpenApiTypes.UUID,
                description="The project, where the body is the picture itself.",
            )
        ],
        request={
            "multipart/form-data": UploadIn,
            "image/*": OpenApiTypes.BINARY,
            "application/octet-stream": OpenApiTypes.BINARY,
        },
        responses={
            201: UploadOut,
            200: OpenApiResponse(UploadOut, description="The same file was sent before"),
        },
    )
    def post(self, request: Request) -> Response:
        """Bring a picture along. Its pixels are encoded anew, and checked as a prompt is.

        The answer says how that ended: `accepted`, `refused`, or `held`; with `is_screened` false
        the check is still owed. It is kept for a week after it was last sent.
        """
        upload, is_new = services.add_upload(
            viewer=self.viewer, project_id=_project_of(request), data=_file_of(request)
        )
        described = describe([upload])[0]
        if not is_new:
            return Response(described)
        return Response(described, status=201, headers={"Location": f"/api/v1/uploads/{upload.pk}"})


class UploadView(View):
    """One upload."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read", "DELETE": "jobs:write jobs:read"}

    @extend_schema(operation_id="uploads_read", tags=["uploads"], responses=UploadOut)
    def get(self, request: Request, upload_id: UUID) -> Response:
        """Read one's own upload."""
        return Response(describe([selectors.upload_for(self.viewer, upload_id)])[0])

    @extend_schema(
        operation_id="uploads_delete", tags=["uploads"], request=None, responses={204: None}
    )
    def delete(self, request: Request, upload_id: UUID) -> Response:
        """Give an upload back. Jobs that were asked for with it keep what they need."""
        services.remove_upload(viewer=self.viewer, upload_id=upload_id)
        return Response(status=204)


def describe(uploads: Sequence[Upload]) -> list[Any]:
    """Serialise uploads."""
    return list(UploadOut(uploads, many=True).data)


def _project_of(request: Request) -> UUID:
    given = _sent(request, "project_id") or request.query_params.get("project_id")
    if not given:
        raise _missing(FieldError("/project_id", "required", "Say for which project."))
    return uuid_or_error(str(given), "/project_id")


def _file_of(request: Request) -> bytes:
    given = _sent(request, "file")
    data = given.read() if isinstance(given, File) else given
    if not isinstance(data, bytes) or not data:
        raise _missing(FieldError("/file", "required", "Send a picture."))
    return data


def _sent(request: Request, name: str) -> Any:
    """Return a field of the form, or None; a body without a form has the field `file` only."""
    return request.data.get(name) if isinstance(request.data, Mapping | QueryDict) else None


def _missing(field: FieldError) -> InvalidInput:
    return InvalidInput(errors=[field])


def _too_large() -> TooLarge:
    return TooLarge(f"A picture may have {LARGEST_BYTES >> 20} MiB.", code="upload_too_large")
