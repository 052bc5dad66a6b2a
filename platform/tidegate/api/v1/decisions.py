"""What can be done about cases, what was, and taking it back; one by one and many at once."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors, services
from moderation.app.configuration import house_rules
from moderation.app.models import BulkDecision
from moderation.app.roles import require_reader
from moderation.app.services.actions import ACTIONS
from moderation.app.services.bulk import MOST_CASES
from tidegate.api.forms import checked
from tidegate.api.v1.cases import CaseOut
from tidegate.api.v1.shapes import Flag, Id, Text
from tidegate.api.views import View

_NAMES = list(ACTIONS)


class TitleOut(serializers.Serializer[Any]):
    """A name in the languages of the console."""

    en = serializers.CharField()
    zh = serializers.CharField()


class MarkOut(serializers.Serializer[Any]):
    """A rating or a label; what covers is seen after a click."""

    code = serializers.CharField()
    title = TitleOut()
    covers = serializers.BooleanField()


class NeededOut(serializers.Serializer[Any]):
    """A field that goes into `details` with a reason."""

    name = serializers.CharField()
    title = TitleOut()


class GroundOut(serializers.Serializer[Any]):
    """A leaf of the tree of reasons."""

    code = serializers.CharField()
    title = TitleOut()
    branch = TitleOut()
    hazard = serializers.CharField(allow_blank=True)
    needs = NeededOut(many=True)
    actions = serializers.ListField(child=serializers.CharField())


class ActionOut(serializers.Serializer[Any]):
    """One thing that can be done: what it touches, who may, and what it sends."""

    name = serializers.CharField()
    targets = serializers.ListField(child=serializers.CharField())
    ruling = serializers.CharField(allow_null=True, help_text="Null: the case goes to `desk`.")
    desk = serializers.CharField(allow_blank=True)
    may = serializers.ListField(child=serializers.CharField(), help_text="Staff roles.")
    is_reversible = serializers.BooleanField()
    lists_hashes = serializers.BooleanField()
    sends = serializers.ListField(child=serializers.CharField())


class HouseRulesOut(serializers.Serializer[Any]):
    """How people decide here."""

    actions = ActionOut(many=True)
    reasons = GroundOut(many=True)
    ratings = MarkOut(many=True)
    labels = MarkOut(many=True)
    undo_seconds = serializers.FloatField()


class DecisionOut(serializers.Serializer[Any]):
    """What a person decided about a case."""

    id = serializers.UUIDField()
    case_id = serializers.UUIDField()
    action = serializers.ChoiceField(choices=_NAMES)
    reason_code = serializers.CharField()
    reason = serializers.CharField()
    details = serializers.DictField()
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()
    is_proposal = serializers.BooleanField(help_text="It waits for another person's agreement.")
    why_two = serializers.CharField(allow_blank=True)
    undo_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when you can undo it; null: you cannot."
    )
    reversed_by = serializers.CharField(allow_blank=True)
    reversed_at = serializers.DateTimeField(allow_null=True)
    reversal_reason = serializers.CharField(allow_blank=True)
    bulk_id = serializers.UUIDField(allow_null=True)


class NoteOut(serializers.Serializer[Any]):
    """A note of staff on a case."""

    id = serializers.UUIDField()
    author = serializers.CharField()
    words = serializers.CharField()
    mentions = serializers.ListField(child=serializers.CharField())
    at = serializers.DateTimeField()


class NoteIn(serializers.Serializer[Any]):
    """A note."""

    words = Text(min_length=1, max_length=2000)


class ReversalIn(serializers.Serializer[Any]):
    """Why a decision is taken back."""

    reason = Text(min_length=1, max_length=2000)


class BulkPreviewIn(serializers.Serializer[Any]):
    """The same decision about many cases."""

    case_ids = serializers.ListField(child=Id(), min_length=1, max_length=MOST_CASES)
    action = serializers.ChoiceField(choices=_NAMES)
    reason_code = Text(required=False, max_length=32)
    details = serializers.DictField(required=False)


class BulkIn(BulkPreviewIn):
    """A bulk decision as it was previewed."""

    reason = Text(min_length=1, max_length=2000)
    digest = Text(min_length=64, max_length=64, help_text="Of the preview.")
    list_hashes = Flag(required=False, default=False)


class BulkLineOut(serializers.Serializer[Any]):
    """What would happen with one case."""

    case_id = serializers.UUIDField()
    asset_id = serializers.UUIDField()
    title = serializers.CharField(allow_blank=True)
    modality = serializers.CharField()
    visibility = serializers.CharField()
    hazards = serializers.ListField(child=serializers.CharField())
    refusal = serializers.CharField(allow_blank=True, help_text="Why nothing would; a code.")


class BulkPreviewOut(serializers.Serializer[Any]):
    """What a bulk decision would do."""

    action = serializers.ChoiceField(choices=_NAMES)
    decided = serializers.IntegerField()
    refusals = serializers.DictField(child=serializers.IntegerField())
    lines = BulkLineOut(many=True)
    digest = serializers.CharField(help_text="Send it back: it stands for what you have seen.")


class BulkOut(serializers.ModelSerializer[BulkDecision]):
    """A bulk decision, how far it is, and what was passed over or kept."""

    made_by = serializers.CharField(source="made_by.display_name", read_only=True)
    reversed_by = serializers.SerializerMethodField()
    decided = serializers.SerializerMethodField()
    cases = serializers.SerializerMethodField()

    class Meta:
        model = BulkDecision
        fields = (
            "id",
            "action",
            "reason_code",
            "reason",
            "details",
            "list_hashes",
            "state",
            "made_by",
            "created_at",
            "finished_at",
            "cases",
            "decided",
            "passed_over",
            "reversed_by",
            "reversal_reason",
            "reversed_at",
            "kept",
        )

    def get_reversed_by(self, bulk: BulkDecision) -> str:
        return bulk.reversed_by.display_name if bulk.reversed_by else ""

    def get_decided(self, bulk: BulkDecision) -> int:
        return bulk.decisions.count()

    def get_cases(self, bulk: BulkDecision) -> int:
        return len(bulk.case_ids)


class HouseRulesView(View):
    """What can be done, and for which reasons."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(operation_id="decision_actions", tags=["cases"], responses=HouseRulesOut)
    def get(self, request: Request) -> Response:
        """List the actions, the tree of reasons with what each needs, ratings and labels."""
        require_reader(self.viewer)
        rules = house_rules()
        return Response(
            HouseRulesOut(
                {
                    "actions": [
                        {
                            "name": one.name,
                            "targets": one.targets,
                            "ruling": one.ruling,
                            "desk": one.desk,
                            "may": sorted(one.may),
                            "is_reversible": one.is_reversible,
                            "lists_hashes": one.lists_hashes,
                            "sends": one.sends,
                        }
                        for one in ACTIONS.values()
                    ],
                    "reasons": rules.grounds.values(),
                    "ratings": rules.ratings.values(),
                    "labels": rules.labels.values(),
                    "undo_seconds": rules.undo.total_seconds(),
                }
            ).data
        )


class CaseDecisions(View):
    """What people decided about one case."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(operation_id="cases_decisions", tags=["cases"], responses=DecisionOut(many=True))
    def get(self, request: Request, case_id: UUID) -> Response:
        """List its decisions, proposals and referrals, oldest first."""
        selectors.case_for(self.viewer, case_id)
        found = selectors.decisions_of(self.viewer, case_id)
        return Response(DecisionOut(found, many=True).data)


class CaseNotes(View):
    """What staff wrote about one case, for each other."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read", "POST": "cases:decide cases:read"}

    @extend_schema(operation_id="cases_notes", tags=["cases"], responses=NoteOut(many=True))
    def get(self, request: Request, case_id: UUID) -> Response:
        """List its notes, oldest first. Personal data in them is masked."""
        selectors.case_for(self.viewer, case_id)
        services.note_view(case_id=case_id, viewer=self.viewer)
        return Response(NoteOut(selectors.notes_of(self.viewer, case_id), many=True).data)

    @extend_schema(
        operation_id="cases_add_note",
        tags=["cases"],
        request=NoteIn,
        responses={201: NoteOut(many=True)},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Keep a note; `@` and a colleague's name calls upon them. Answers with all notes."""
        words = checked(NoteIn, request.data)["words"]
        services.add_note(case_id=case_id, viewer=self.viewer, words=words)
        notes = selectors.notes_of(self.viewer, case_id)
        return Response(NoteOut(notes, many=True).data, status=201)


class DecisionUndo(View):
    """Undoing one's own decision."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(operation_id="decisions_undo", tags=["cases"], request=None, responses=CaseOut)
    def post(self, request: Request, decision_id: UUID) -> Response:
        """Take back your own decision within seconds; the case that is open again is yours."""
        case = services.undo_decision(decision_id=decision_id, viewer=self.viewer)
        return Response(CaseOut(selectors.case_for(self.viewer, case.pk).case).data)


class DecisionReversal(View):
    """Taking anybody's decision back."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="decisions_reverse", tags=["cases"], request=ReversalIn, responses=CaseOut
    )
    def post(self, request: Request, decision_id: UUID) -> Response:
        """Undo all that a decision did, as senior staff; its case waits again."""
        form = checked(ReversalIn, request.data)
        case = services.reverse_decision(
            decision_id=decision_id, viewer=self.viewer, reason=form["reason"]
        )
        return Response(CaseOut(selectors.case_for(self.viewer, case.pk).case).data)


class BulkPreview(View):
    """What a bulk decision would do."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="bulk_decisions_preview",
        tags=["cases"],
        request=BulkPreviewIn,
        responses=BulkPreviewOut,
    )
    def post(self, request: Request) -> Response:
        """Say per case what would happen. Nothing is written."""
        preview = services.preview_bulk(viewer=self.viewer, **checked(BulkPreviewIn, request.data))
        return Response(BulkPreviewOut(preview).data)


class BulkDecisions(View):
    """Decisions about many cases."""

    scopes: ClassVar[dict[str, str]] = {
        "GET": "cases:read",
        "POST": "cases:decide cases:read",
    }

    @extend_schema(operation_id="bulk_decisions_list", tags=["cases"], responses=BulkOut(many=True))
    def get(self, request: Request) -> Response:
        """List the last hundred, newest first."""
        return Response(BulkOut(selectors.bulk_decisions(self.viewer)[:100], many=True).data)

    @extend_schema(
        operation_id="bulk_decisions_start",
        tags=["cases"],
        request=BulkIn,
        responses={202: BulkOut},
    )
    def post(self, request: Request) -> Response:
        """Begin what was previewed; 409 `preview_stale` where something changed since."""
        bulk = services.start_bulk(viewer=self.viewer, **checked(BulkIn, request.data))
        return Response(BulkOut(bulk).data, status=202)


class BulkDecisionView(View):
    """One decision about many cases."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(operation_id="bulk_decisions_read", tags=["cases"], responses=BulkOut)
    def get(self, request: Request, bulk_id: UUID) -> Response:
        """Read how far it is."""
        return Response(BulkOut(selectors.bulk_decision(self.viewer, bulk_id)).data)


class BulkReversal(View):
    """Taking a bulk decision back."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="bulk_decisions_reverse",
        tags=["cases"],
        request=ReversalIn,
        responses={202: BulkOut},
    )
    def post(self, request: Request, bulk_id: UUID) -> Response:
        """Begin to take back each of its decisions; what moved on since is kept, and said."""
        form = checked(ReversalIn, request.data)
        bulk = services.reverse_bulk(viewer=self.viewer, bulk_id=bulk_id, reason=form["reason"])
        return Response(BulkOut(bulk).data, status=202)
