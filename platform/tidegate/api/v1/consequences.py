"""Strikes, restrictions and takedown notices: for staff, and of oneself."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import services
from moderation.app.models import Restriction, Strike, TakedownNotice
from moderation.app.public_reasons import GENERAL, public_reason
from moderation.app.selectors import strikes as selectors
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.jobs import uuid_or_error
from tidegate.api.v1.shapes import Id, Text, Whole, page_of, paged
from tidegate.api.views import View
from tidegate.primitives.clock import now


def _narrowed(name: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.UUID, description="Only this one's.")


def _asked(request: Request, name: str) -> UUID | None:
    text = request.query_params.get(name, "")
    return uuid_or_error(text, f"/{name}") if text else None


class OwnStrikeOut(serializers.Serializer[Any]):
    """Points that a block gave; they count until `expires_at` unless the strike was voided."""

    id = serializers.UUIDField()
    organisation_id = serializers.UUIDField()
    asset_id = serializers.UUIDField()
    hazard = serializers.SerializerMethodField()
    points = serializers.IntegerField()
    issued_at = serializers.DateTimeField(source="created_at")
    expires_at = serializers.DateTimeField()
    voided_at = serializers.DateTimeField(allow_null=True)
    counts = serializers.SerializerMethodField()

    def get_hazard(self, strike: Strike) -> str:
        """Why, as far as an author may know."""
        return public_reason(strike.hazard or GENERAL).code

    def get_counts(self, strike: Strike) -> bool:
        """Whether its points count now."""
        return strike.counts_at(now())


class StrikeOut(OwnStrikeOut):
    """A strike as staff read it: whose, on what it rests, who voided it and why."""

    author_id = serializers.UUIDField()
    hazard = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # staff read all
    case_id = serializers.UUIDField(allow_null=True)
    verdict_id = serializers.UUIDField(allow_null=True)
    voided_by = serializers.UUIDField(source="voided_by_id", allow_null=True)
    void_reason = serializers.CharField(allow_blank=True)


class OwnRestrictionOut(serializers.Serializer[Any]):
    """What somebody may not do, since when and until when."""

    id = serializers.UUIDField()
    organisation_id = serializers.UUIDField(allow_null=True, help_text="Null: everywhere.")
    kind = serializers.ChoiceField(choices=Restriction.Kind.choices)
    since = serializers.DateTimeField(source="created_at")
    until = serializers.DateTimeField(allow_null=True, help_text="Null: until it is lifted.")
    reason = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)
    is_in_force = serializers.SerializerMethodField()

    def get_is_in_force(self, restriction: Restriction) -> bool:
        """Whether it restricts now."""
        return restriction.is_in_force(now())


class RestrictionOut(OwnRestrictionOut):
    """A restriction as staff read it: whose, by whom or from how many points, and how it ended."""

    author_id = serializers.UUIDField()
    points = serializers.IntegerField(
        allow_null=True, help_text="From how many on it was due; null: by hand."
    )
    imposed_by = serializers.UUIDField(source="imposed_by_id", allow_null=True)
    ended_because = serializers.CharField(allow_blank=True)
    ended_by = serializers.UUIDField(source="ended_by_id", allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)


class StandingOut(serializers.Serializer[Any]):
    """How the asker stands: points that count now, strikes and restrictions, newest first."""

    points = serializers.IntegerField()
    strikes = OwnStrikeOut(many=True)
    restrictions = OwnRestrictionOut(many=True)


class NoticeOut(serializers.Serializer[Any]):
    """A takedown notice, and the case that it came before."""

    id = serializers.UUIDField()
    asset_id = serializers.UUIDField()
    organisation_id = serializers.UUIDField()
    claimant = serializers.CharField()
    basis = serializers.ChoiceField(choices=TakedownNotice.Basis.choices)
    reference = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()
    case_id = serializers.UUIDField(allow_null=True)
    held_at_once = serializers.BooleanField()
    recorded_by = serializers.UUIDField(source="recorded_by_id")
    recorded_at = serializers.DateTimeField(source="created_at")


class ConductReasonIn(serializers.Serializer[Any]):
    """Why."""

    reason = Text(min_length=1, max_length=2000)


class RestrictionIn(ConductReasonIn):
    """A restriction to impose."""

    author_id = Id()
    organisation_id = Id(required=False, allow_null=True, default=None)
    kind = serializers.ChoiceField(choices=Restriction.Kind.choices)
    hours = Whole(
        required=False,
        allow_null=True,
        default=None,
        help_text="For how long; null: as long as points would lead to it.",
    )


class NoticeIn(ConductReasonIn):
    """A notice to record."""

    asset_id = Id()
    claimant = Text(min_length=1, max_length=200)
    basis = serializers.ChoiceField(choices=TakedownNotice.Basis.choices)
    reference = Text(required=False, allow_blank=True, default="", max_length=200)


class OwnStanding(View):
    """The asker's own strikes and restrictions."""

    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read"}

    @extend_schema(operation_id="me_standing", tags=["account"], responses=StandingOut)
    def get(self, request: Request) -> Response:
        """Read one's own strikes, points and restrictions."""
        return Response(StandingOut(selectors.own_standing(self.viewer)).data)


class _ForStaff(View):
    scopes: ClassVar[dict[str, str]] = {
        "GET": "cases:read",
        "POST": "cases:decide cases:read",
    }


class Strikes(_ForStaff):
    """Everybody's strikes."""

    @extend_schema(
        operation_id="strikes_list",
        tags=["consequences"],
        parameters=[*paged(), _narrowed("author_id")],
        responses=page_of(StrikeOut),
    )
    def get(self, request: Request) -> Response:
        """List strikes, newest first."""
        author_id = _asked(request, "author_id")
        rows = selectors.strikes_for(self.viewer, author_id)
        return page(
            request,
            rows,
            lambda found: StrikeOut(found, many=True).data,
            filters={"author_id": str(author_id)},
        )


class StrikeVoid(_ForStaff):
    """A strike that does not stand."""

    @extend_schema(
        operation_id="strikes_void",
        tags=["consequences"],
        request=ConductReasonIn,
        responses=StrikeOut,
    )
    def post(self, request: Request, strike_id: UUID) -> Response:
        """Take its points back, and lift what rested on them. Voiding twice is no error."""
        form = checked(ConductReasonIn, request.data)
        strike = services.void_strike(viewer=self.viewer, strike_id=strike_id, **form)
        return Response(StrikeOut(selectors.strikes_for(self.viewer).get(pk=strike.pk)).data)


class Restrictions(_ForStaff):
    """Everybody's restrictions."""

    @extend_schema(
        operation_id="restrictions_list",
        tags=["consequences"],
        parameters=[*paged(), _narrowed("author_id")],
        responses=page_of(RestrictionOut),
    )
    def get(self, request: Request) -> Response:
        """List restrictions, newest first; those that ended too."""
        author_id = _asked(request, "author_id")
        rows = selectors.restrictions_for(self.viewer, author_id)
        return page(
            request,
            rows,
            lambda found: RestrictionOut(found, many=True).data,
            filters={"author_id": str(author_id)},
        )

    @extend_schema(
        operation_id="restrictions_create",
        tags=["consequences"],
        request=RestrictionIn,
        responses={201: RestrictionOut},
    )
    def post(self, request: Request) -> Response:
        """Restrict somebody: their jobs are cancelled and their recent outputs held, at once."""
        form = checked(RestrictionIn, request.data)
        restriction = services.impose_restriction(viewer=self.viewer, **form)
        return Response(RestrictionOut(restriction).data, status=201)


class RestrictionLift(_ForStaff):
    """The end of a restriction before its time."""

    @extend_schema(
        operation_id="restrictions_lift",
        tags=["consequences"],
        request=ConductReasonIn,
        responses=RestrictionOut,
    )
    def post(self, request: Request, restriction_id: UUID) -> Response:
        """Lift it, and release what it alone held. Lifting twice is no error."""
        form = checked(ConductReasonIn, request.data)
        restriction = services.lift_restriction(
            viewer=self.viewer, restriction_id=restriction_id, **form
        )
        return Response(RestrictionOut(restriction).data)


class Notices(_ForStaff):
    """Takedown notices."""

    @extend_schema(
        operation_id="takedown_notices_list",
        tags=["consequences"],
        parameters=[*paged(), _narrowed("asset_id")],
        responses=page_of(NoticeOut),
    )
    def get(self, request: Request) -> Response:
        """List notices, newest first."""
        asset_id = _asked(request, "asset_id")
        rows = selectors.notices_for(self.viewer, asset_id)
        return page(
            request,
            rows,
            lambda found: NoticeOut(found, many=True).data,
            filters={"asset_id": str(asset_id)},
        )

    @extend_schema(
        operation_id="takedown_notices_create",
        tags=["consequences"],
        request=NoticeIn,
        responses={201: NoticeOut},
    )
    def post(self, request: Request) -> Response:
        """Record a notice: the asset comes before a person, and on most grounds is held at once."""
        notice = services.record_notice(viewer=self.viewer, **checked(NoticeIn, request.data))
        return Response(NoticeOut(notice).data, status=201)
