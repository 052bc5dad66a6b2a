"""Cases for staff: what waits for a person, the evidence, and the ruling."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app.models import Case
from moderation.app.selectors import STATES, case_for, is_queue, queue
from moderation.app.services import (
    claim_case,
    claim_next_case,
    decide_case,
    note_view,
    release_claim,
    reveal_case,
)
from moderation.app.services.actions import ACTIONS
from moderation.app.services.call_verdicts import WORDS
from moderation.app.services.translations import LANGUAGES, translate_case
from tidegate.api.forms import checked
from tidegate.api.pagination import limit_of
from tidegate.api.v1.assets import AssetOut, MoveOut, showing
from tidegate.api.v1.care import MannerIO
from tidegate.api.v1.shapes import Flag, Text, choice, page_of, paged
from tidegate.api.views import View
from tidegate.assets.models import Modality
from tidegate.primitives.errors import FieldError, InvalidInput


class CaseOut(serializers.Serializer[Any]):
    """A case as a line of the queue."""

    id = serializers.UUIDField()
    asset_id = serializers.UUIDField()
    organisation_id = serializers.UUIDField()
    modality = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    prompt = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=Case.State.choices)
    because = serializers.CharField()
    severity = serializers.IntegerField()
    hazards = serializers.ListField(child=serializers.CharField())
    report_count = serializers.IntegerField()
    report_weight = serializers.FloatField(help_text="What the reports count together.")
    opened_at = serializers.DateTimeField()
    holder = serializers.CharField(allow_blank=True)
    lease_expires_at = serializers.DateTimeField(allow_null=True)
    is_mine = serializers.BooleanField()
    is_own_asset = serializers.BooleanField()
    outcome = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    decided_by = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True, help_text="Null: no clock runs.")
    due_under = serializers.CharField(allow_blank=True, help_text="The clock that says so.")
    is_late = serializers.BooleanField()
    desk = serializers.ChoiceField(
        choices=Case.Desk.choices, help_text="Who may decide it: reviewers, senior staff, legal."
    )
    queue = serializers.CharField(
        allow_blank=True, help_text="Where it waits; empty where no rule takes it."
    )


class ScoreOut(serializers.Serializer[Any]):
    """One probability, and where the policy draws its lines."""

    detector = serializers.CharField()
    version = serializers.CharField()
    hazard = serializers.CharField()
    score = serializers.FloatField()
    hold_at = serializers.FloatField(allow_null=True)
    block_at = serializers.FloatField(allow_null=True)
    level = serializers.CharField()


class SurfaceOut(serializers.Serializer[Any]):
    """What was seen on one surface: the prompt, the text, the picture, the speech."""

    surface = serializers.CharField()
    verdict = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    scores = ScoreOut(many=True)
    words = serializers.ListField(child=serializers.DictField())
    outages = serializers.DictField(child=serializers.CharField())


class ClauseOut(serializers.Serializer[Any]):
    """A reason of the newest verdict, what of the policy it rests on, and where it stands."""

    number = serializers.IntegerField()
    surface = serializers.CharField(allow_blank=True)
    hazard = serializers.CharField(allow_blank=True)
    rule = serializers.CharField()
    detector = serializers.CharField(allow_blank=True)
    verdict = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    text = serializers.CharField(allow_blank=True, help_text="A condition, or a threshold.")
    detail = serializers.CharField(allow_blank=True)
    entry = serializers.CharField(allow_blank=True)
    boxes = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="Left, top, width, height in hundredths of the picture.",
    )
    seconds = serializers.FloatField(allow_null=True)


class RelatedOut(serializers.Serializer[Any]):
    """What an output was made from, or what was made from it."""

    id = serializers.UUIDField()
    title = serializers.CharField(allow_blank=True)
    modality = serializers.CharField()
    visibility = serializers.CharField()
    is_parent = serializers.BooleanField()


class VerdictOut(serializers.Serializer[Any]):
    """One verdict of the gate, under one policy version."""

    id = serializers.UUIDField()
    verdict = serializers.CharField()
    hazards = serializers.ListField(child=serializers.CharField())
    policy_version = serializers.CharField()
    judged_in_ms = serializers.IntegerField()
    policy_id = serializers.UUIDField(help_text="See `policies`.")
    at = serializers.DateTimeField()


class ReportOut(serializers.Serializer[Any]):
    """What somebody reported; not who."""

    reason = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class AppealWordsOut(serializers.Serializer[Any]):
    """What a party says against a decision; not which reporter it was."""

    party = serializers.CharField()
    words = serializers.CharField()
    state = serializers.CharField()
    at = serializers.DateTimeField()


class SimilarCaseOut(serializers.Serializer[Any]):
    """A decided case like this one, and how it is like it."""

    id = serializers.UUIDField()
    asset_id = serializers.UUIDField()
    title = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField()
    reason = serializers.CharField()
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField()
    likeness = serializers.FloatField()
    why = serializers.CharField()


class EvidenceOut(serializers.Serializer[Any]):
    """All that a reviewer needs to rule."""

    case = CaseOut()
    asset = AssetOut()
    author = serializers.CharField()
    prompt = serializers.CharField(allow_blank=True)
    found_text = serializers.CharField(allow_blank=True)
    reasons = serializers.ListField(child=serializers.DictField())
    surfaces = SurfaceOut(many=True)
    hash_hits = serializers.ListField(child=serializers.DictField())
    clauses = ClauseOut(many=True)
    related = RelatedOut(many=True)
    verdicts = VerdictOut(many=True)
    history = MoveOut(many=True)
    reports = ReportOut(many=True)
    appeals = AppealWordsOut(many=True)
    previous = CaseOut(many=True)
    similar = SimilarCaseOut(many=True)
    refusal = serializers.CharField(
        allow_blank=True, help_text="Why the asker cannot decide this case; empty when they can."
    )
    has_masked = serializers.BooleanField(
        help_text="Personal data was found in it and is shown by kind and number alone."
    )
    is_revealed = serializers.BooleanField(help_text="Personal data is shown as it is.")
    manner = MannerIO(help_text="How the asker is to be shown it.")


class DecisionIn(serializers.Serializer[Any]):
    """What to do about a case, and why."""

    action = serializers.ChoiceField(choices=list(ACTIONS), help_text="See `decision-actions`.")
    reason = Text(min_length=1, max_length=2000)
    reason_code = Text(
        required=False,
        max_length=32,
        help_text="A leaf of the tree of reasons; left out, that of the case's first hazard.",
    )
    details = serializers.DictField(
        required=False,
        help_text="What the action needs (rating; labels; kind and hours), and the reason.",
    )
    list_hashes = Flag(
        required=False,
        default=False,
        help_text=(
            "With `block`: the same bytes and pictures that look the same are blocked from now on;"
            " texts that are nearly the same wait for a person."
        ),
    )
    calls = serializers.ChoiceField(
        choices=list(WORDS),
        required=False,
        allow_blank=True,
        default="",
        help_text="Whether the checks were right; left out, what the ruling says of them.",
    )


class NextIn(serializers.Serializer[Any]):
    """Which cases somebody wants to go on with."""

    modality = serializers.ChoiceField(choices=Modality.choices, required=False)
    because = serializers.ChoiceField(choices=Case.Because.choices, required=False)
    queue = Text(required=False, min_length=1, max_length=40, help_text="The name of a queue.")
    besides = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=100,
        help_text="Cases to pass over.",
    )


class RevealIn(serializers.Serializer[Any]):
    """Why personal data has to be seen."""

    reason = Text(min_length=1, max_length=2000)


class Cases(View):
    """The review queue."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(
        operation_id="cases_list",
        tags=["cases"],
        parameters=[
            *paged(),
            choice("state", list(STATES), "Which cases; `open` when not given."),
            choice("modality", Modality.values, "Of which outputs; all when not given."),
            choice("because", Case.Because.values, "Why they are open; all when not given."),
            OpenApiParameter("queue", OpenApiTypes.STR, description="The name of a queue."),
        ],
        responses=page_of(CaseOut),
    )
    def get(self, request: Request) -> Response:
        """List cases: the most severe first, among those the oldest."""
        found = queue(
            self.viewer,
            state=request.query_params.get("state", "open"),
            **_chosen(request),
            limit=limit_of(request),
            cursor=request.query_params.get("cursor") or None,
        )
        return Response(
            {
                "items": CaseOut(found.cases, many=True).data,
                "has_more": found.next_cursor is not None,
                "next": found.next_cursor,
            }
        )


def _chosen(request: Request) -> dict[str, str | None]:
    """Return the filters of the list; a value that filters nothing is a mistake, and is said."""
    asked = {
        name: request.query_params.get(name) or None for name in ("modality", "because", "queue")
    }
    errors = [
        FieldError(f"/{name}", "unknown_choice", f"Choose one of {', '.join(known)}.")
        for name, known in (("modality", Modality.values), ("because", Case.Because.values))
        if asked[name] is not None and asked[name] not in known
    ]
    if asked["queue"] is not None and not is_queue(asked["queue"]):
        errors.append(FieldError("/queue", "unknown_choice", "There is no such queue."))
    if errors:
        raise InvalidInput(errors=errors)
    return {
        "modality": asked["modality"],
        "because": asked["because"],
        "queue_name": asked["queue"],
    }


class NextCase(View):
    """The next case, for whoever decides one after the other."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="cases_claim_next",
        tags=["cases"],
        request=NextIn,
        responses={200: CaseOut, 204: None},
    )
    def post(self, request: Request) -> Response:
        """Claim the case of your queues whose turn it is; 204 when none waits.

        A case you hold already comes first; what you opted out of never comes. However many
        reviewers ask at once, no two get the same one. 429 `break_running`: rest first.
        """
        case = claim_next_case(viewer=self.viewer, **checked(NextIn, request.data))
        if case is None:
            return Response(status=204)
        return Response(CaseOut(case_for(self.viewer, case.pk).case).data)


class CaseView(View):
    """One case with its evidence."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(operation_id="cases_read", tags=["cases"], responses=EvidenceOut)
    def get(self, request: Request, case_id: UUID) -> Response:
        """Read a case: the asset, the scores, the history, similar past cases."""
        evidence = case_for(self.viewer, case_id)
        note_view(case_id=case_id, viewer=self.viewer)
        context = showing(self.viewer, [evidence.asset])
        return Response(EvidenceOut(evidence, context=context).data)


class TranslationIn(serializers.Serializer[Any]):
    """Into which language."""

    language = serializers.ChoiceField(choices=list(LANGUAGES))


class TranslatedOut(serializers.Serializer[Any]):
    """A text of the case in another language."""

    surface = serializers.CharField(help_text="prompt, text, or found: read or heard in it.")
    text = serializers.CharField()
    engine = serializers.CharField(help_text="What translated it.")


class CaseTranslation(View):
    """A translation by machine."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:read"}

    @extend_schema(
        operation_id="cases_translate",
        tags=["cases"],
        request=TranslationIn,
        responses=TranslatedOut(many=True),
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Translate what a case says. Personal data is masked before it leaves; it is a look."""
        language = checked(TranslationIn, request.data)["language"]
        found = translate_case(case_id=case_id, viewer=self.viewer, target=language)
        return Response(TranslatedOut(found, many=True).data)


class CaseReveal(View):
    """The evidence with the personal data in it."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="cases_reveal", tags=["cases"], request=RevealIn, responses=EvidenceOut
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Read a case with personal data as it is. Who did, and why, goes into the trail."""
        form = checked(RevealIn, request.data)
        evidence = reveal_case(case_id=case_id, viewer=self.viewer, reason=form["reason"])
        context = {**showing(self.viewer, [evidence.asset]), "is_revealed": True}
        return Response(EvidenceOut(evidence, context=context).data)


class CaseClaim(View):
    """A reviewer's lease on a case."""

    scopes: ClassVar[dict[str, str]] = {
        "POST": "cases:decide cases:read",
        "DELETE": "cases:decide cases:read",
    }

    @extend_schema(operation_id="cases_claim", tags=["cases"], request=None, responses=CaseOut)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Claim for five minutes; claiming again renews. 409 names the colleague who has it.

        429 `break_running`: rest first, unless you hold it.
        """
        claim_case(case_id=case_id, viewer=self.viewer)
        return Response(CaseOut(case_for(self.viewer, case_id).case).data)

    @extend_schema(operation_id="cases_release_claim", tags=["cases"], responses=CaseOut)
    def delete(self, request: Request, case_id: UUID) -> Response:
        """Give the case back to the queue."""
        release_claim(case_id=case_id, viewer=self.viewer)
        return Response(CaseOut(case_for(self.viewer, case_id).case).data)


class CaseDecision(View):
    """The ruling."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="cases_decide", tags=["cases"], request=DecisionIn, responses=CaseOut
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Do what `decision-actions` lists. The same twice is no error; another is 409.

        What the rules let nobody do alone becomes a proposal: the case is not decided then, and
        waits at the senior desk for another person.
        """
        form = checked(DecisionIn, request.data)
        decide_case(case_id=case_id, viewer=self.viewer, **form)
        return Response(CaseOut(case_for(self.viewer, case_id).case).data)
