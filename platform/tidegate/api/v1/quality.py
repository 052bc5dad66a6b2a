"""How well people and the checks decide: agreement, known answers, calls and thresholds."""

from dataclasses import fields
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors, services
from moderation.app.models import Case, GoldenItem
from moderation.core.calibration import Suggestion, TooFew
from tidegate.api.forms import checked
from tidegate.api.v1.shapes import Id, Text
from tidegate.api.views import View

_MOST = 200


class IntervalOut(serializers.Serializer[Any]):
    """A share (0..1) with its 95 % interval, and on how many it was counted."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    count = serializers.IntegerField()


class AgreementOut(serializers.Serializer[Any]):
    """Agreement of two who decided about the same."""

    count = serializers.IntegerField()
    observed = serializers.FloatField(help_text="How many they saw alike, 0..1.")
    kappa = serializers.FloatField(
        allow_null=True, help_text="0: what chance gives, 1: full; null: nothing can be said."
    )
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class AgreedOut(serializers.Serializer[Any]):
    """Agreement about or of something named."""

    name = serializers.CharField()
    agreement = AgreementOut()


class KnownOut(serializers.Serializer[Any]):
    """How many known answers somebody gave."""

    name = serializers.CharField()
    share = IntervalOut()


class AutomationOut(serializers.Serializer[Any]):
    """How often people decided otherwise than the checks had alone."""

    verdict = serializers.CharField(help_text="release or block.")
    otherwise = IntervalOut(allow_null=True)
    waiting = serializers.IntegerField()


class DisagreementsOut(serializers.Serializer[Any]):
    """What became of what two saw differently."""

    open = serializers.IntegerField()
    first_was_right = serializers.IntegerField()
    second_was_right = serializers.IntegerField()


class SuggestionOut(serializers.Serializer[Any]):
    """A threshold that labels speak for."""

    hold_at = serializers.FloatField()
    precision = IntervalOut()
    recall = IntervalOut(allow_null=True)
    per_day = serializers.FloatField(help_text="Items a day that it would hold.")
    now_per_day = serializers.FloatField()


class MissingOut(serializers.Serializer[Any]):
    """How many labels are missing before a threshold is proposed."""

    labels = serializers.IntegerField()
    harmful = serializers.IntegerField()
    harmless = serializers.IntegerField()


class CallsOut(serializers.Serializer[Any]):
    """What people found of a detector's calls for a hazard on a surface."""

    surface = serializers.CharField(source="place.surface")
    detector = serializers.CharField(source="place.detector")
    hazard = serializers.CharField(source="place.hazard")
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="tp, fp, tn, fn, unsure."
    )
    precision = IntervalOut(allow_null=True)
    recall = IntervalOut(allow_null=True)
    hold_at = serializers.FloatField(allow_null=True, help_text="In force now.")
    suggestion = serializers.SerializerMethodField()
    missing = serializers.SerializerMethodField()

    @extend_schema_field(SuggestionOut(allow_null=True))
    def get_suggestion(self, calls: selectors.Calls) -> Any:
        found = calls.suggestion
        return SuggestionOut(found).data if isinstance(found, Suggestion) else None

    @extend_schema_field(MissingOut(allow_null=True))
    def get_missing(self, calls: selectors.Calls) -> Any:
        found = calls.suggestion
        return MissingOut(found).data if isinstance(found, TooFew) else None


class QualityOut(serializers.Serializer[Any]):
    """The figures of a period."""

    days = serializers.IntegerField()
    since = serializers.DateTimeField()
    overall = AgreementOut(allow_null=True)
    reviewers = AgreedOut(many=True, help_text="Cohen's kappa of each with all colleagues.")
    hazards = AgreedOut(many=True, help_text="Fleiss' kappa.")
    policies = AgreedOut(many=True, help_text="Fleiss' kappa, by policy version.")
    golden = KnownOut(many=True)
    disagreements = DisagreementsOut()
    automation = AutomationOut(many=True)
    waiting = serializers.IntegerField(help_text="Second looks that nobody has taken.")
    calls = CallsOut(many=True)


class ThresholdIn(serializers.Serializer[Any]):
    """A threshold to be proposed."""

    surface = Text(min_length=1, max_length=16)
    detector = Text(min_length=1, max_length=64)
    hazard = Text(min_length=1, max_length=64)
    hold_at = serializers.FloatField(min_value=0.0, max_value=1.0)
    reason = Text(min_length=1, max_length=2000)


class DraftOut(serializers.Serializer[Any]):
    """The draft that it became; see `policies`."""

    id = serializers.UUIDField(source="pk")
    version = serializers.CharField()
    state = serializers.CharField()


class GoldenIn(serializers.Serializer[Any]):
    """A decided case with its right answer."""

    case_id = Id()
    answer = serializers.ChoiceField(choices=Case.Ruling.values)
    explanation = Text(
        min_length=1, max_length=2000, help_text="Reviewers read it once they have answered."
    )


class GoldenOut(serializers.ModelSerializer[GoldenItem]):
    """An item with a known answer."""

    made_by = serializers.CharField(source="made_by.display_name", read_only=True)

    class Meta:
        model = GoldenItem
        fields = (
            "id",
            "case_id",
            "answer",
            "explanation",
            "made_by",
            "created_at",
            "retired_at",
        )


class QualityView(View):
    """How well everybody decides."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(
        operation_id="quality_read",
        tags=["cases"],
        parameters=[
            OpenApiParameter("days", OpenApiTypes.INT, description="30, 90 (if left out) or 365.")
        ],
        responses=QualityOut,
    )
    def get(self, request: Request) -> Response:
        """Read agreement, known answers, and how right the checks are. Senior staff, auditors."""
        asked = request.query_params.get("days", "")
        days = int(asked) if asked.isdecimal() else 90
        figures = selectors.quality_figures(self.viewer, days=days)
        shown = QualityOut({**_fields(figures), "calls": selectors.judged_calls(self.viewer)})
        return Response(shown.data)


class Thresholds(View):
    """Thresholds that labels speak for."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="quality_propose_threshold",
        tags=["cases"],
        request=ThresholdIn,
        responses={201: DraftOut},
    )
    def post(self, request: Request) -> Response:
        """Keep the policy in force with another threshold as a draft. Policy admins only."""
        draft = services.propose_threshold(**checked(ThresholdIn, request.data), viewer=self.viewer)
        return Response(DraftOut(draft).data, status=201)


class GoldenItems(View):
    """Items whose right answer is known."""

    scopes: ClassVar[dict[str, str]] = {
        "GET": "cases:read",
        "POST": "cases:decide cases:read",
    }

    @extend_schema(operation_id="golden_items_list", tags=["cases"], responses=GoldenOut(many=True))
    def get(self, request: Request) -> Response:
        """List the newest items. Senior staff and auditors only."""
        found = selectors.golden_items(self.viewer)[:_MOST]
        return Response(GoldenOut(found, many=True).data)

    @extend_schema(
        operation_id="golden_items_create",
        tags=["cases"],
        request=GoldenIn,
        responses={201: GoldenOut},
    )
    def post(self, request: Request) -> Response:
        """Make a decided case one; reviewers are given it in the console. Senior staff only."""
        made = services.make_golden(**checked(GoldenIn, request.data), viewer=self.viewer)
        return Response(GoldenOut(made).data, status=201)


class GoldenRetirement(View):
    """Giving an item to nobody any more."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="golden_items_retire", tags=["cases"], request=None, responses=GoldenOut
    )
    def post(self, request: Request, golden_id: UUID) -> Response:
        """Retire an item; what was answered stays. Senior staff only."""
        retired = services.retire_golden(golden_id=golden_id, viewer=self.viewer)
        return Response(GoldenOut(retired).data)


def _fields(figures: selectors.Quality) -> dict[str, Any]:
    return {one.name: getattr(figures, one.name) for one in fields(figures)}
