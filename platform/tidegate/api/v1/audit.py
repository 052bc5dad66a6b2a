"""The audit trail for auditors."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tidegate.accounts.viewers import Viewer
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.jobs import uuid_or_error
from tidegate.api.v1.shapes import Id, Text, page_of, paged
from tidegate.api.views import View
from tidegate.audit import selectors
from tidegate.audit.models import Entry
from tidegate.audit.services import erase_person
from tidegate.primitives.errors import NotAllowed

FILTERS = ("chain", "action", "actor_id", "subject_type", "subject_id", "correlation_id")


class EntryOut(serializers.ModelSerializer[Entry]):
    """One entry; `hash` covers it and `prev_hash`, so the chain can be recomputed.

    Personal values are shown as they read, `[erased]` where the person's key was destroyed; what
    was hashed stands in `sealed`.
    """

    before = serializers.DictField(read_only=True, allow_null=True)
    after = serializers.DictField(read_only=True, allow_null=True)
    hash = serializers.SerializerMethodField()
    prev_hash = serializers.SerializerMethodField()
    sealed = serializers.DictField(
        read_only=True, help_text="What the hash covers instead, of personal values."
    )

    class Meta:
        model = Entry
        fields = (
            "id",
            "chain",
            "seq",
            "at",
            "action",
            "actor_kind",
            "actor_id",
            "actor_label",
            "subject_type",
            "subject_id",
            "before",
            "after",
            "reason",
            "correlation_id",
            "prev_hash",
            "hash",
            "sealed",
        )

    def get_hash(self, entry: Entry) -> str:
        """Return the entry's hash in hexadecimal."""
        return bytes(entry.hash).hex()

    def get_prev_hash(self, entry: Entry) -> str:
        """Return the hash before it in hexadecimal."""
        return bytes(entry.prev_hash).hex()


def require_auditor(viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer may read the trail."""
    if not viewer.staff_roles & {"auditor", "policy_admin"}:
        raise NotAllowed("Only auditors and policy admins read the trail.", code="not_auditor")


def asked(request: Request) -> dict[str, Any]:
    """Return the filters of a request that are not empty."""
    found: dict[str, Any] = {
        name: value for name in FILTERS if (value := request.query_params.get(name))
    }
    if "correlation_id" in found:
        found["correlation_id"] = uuid_or_error(found["correlation_id"], "/correlation_id")
    return found


def entries_for(viewer: Viewer, filters: dict[str, Any]) -> QuerySet[Entry]:
    """Return matching entries; a key is confined to its organisation, whoever made it."""
    rows = selectors.entries(**filters)
    if viewer.organisation_id is not None:
        rows = rows.filter(chain=f"organisation:{viewer.organisation_id}")
    return rows


class Audit(View):
    """The trail."""

    scopes: ClassVar[dict[str, str]] = {"GET": "audit:read"}

    @extend_schema(
        operation_id="audit_list",
        tags=["audit"],
        parameters=[
            *paged(),
            *(
                OpenApiParameter(name, OpenApiTypes.STR, description=f"Only this {name}.")
                for name in FILTERS
            ),
        ],
        responses=page_of(EntryOut),
    )
    def get(self, request: Request) -> Response:
        """List entries, newest first; for auditors and policy admins."""
        require_auditor(self.viewer)
        filters = asked(request)
        if any("\x00" in str(value) for value in filters.values()):
            return Response({"items": [], "has_more": False, "next": None})
        rows = entries_for(self.viewer, filters)
        return page(
            request,
            rows,
            lambda found: list(EntryOut(found, many=True).data),
            filters={name: str(value) for name, value in filters.items()},
        )


class ErasureIn(serializers.Serializer[Any]):
    """Whom to erase, and why; the reason stays, so it must not name them."""

    person_id = Id()
    reason = Text(min_length=1, max_length=2000)


class ErasureOut(serializers.Serializer[Any]):
    """What was erased."""

    person_id = serializers.UUIDField()
    was_there = serializers.BooleanField(
        help_text="False: nothing was kept of them, or it was erased before."
    )


class Erasures(View):
    """Erasing people from the trail."""

    scopes: ClassVar[dict[str, str]] = {"POST": "audit:read"}

    @extend_schema(
        operation_id="audit_erase", tags=["audit"], request=ErasureIn, responses=ErasureOut
    )
    def post(self, request: Request) -> Response:
        """Destroy a person's key: their name and words about them read `[erased]`, for good.

        The chain stays valid. Policy admins only, signed in; twice is once.
        """
        require_eraser(self.viewer)
        form = checked(ErasureIn, request.data)
        was_there = erase_person(actor=self.viewer.actor(), **form)
        return Response(ErasureOut({"person_id": form["person_id"], "was_there": was_there}).data)


def require_eraser(viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer may erase people from the trail; no key may."""
    if "policy_admin" not in viewer.staff_roles or viewer.organisation_id is not None:
        raise NotAllowed("Only policy admins do this, signed in.", code="policy_admin_only")
