"""Compositions: one request for several things that belong together."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from generation.app.compositions import selectors, services
from generation.app.compositions.following import composition_events
from generation.app.compositions.selectors import PART_STATES, CompositionSeen, PartSeen
from generation.app.compositions.services.requests import CompositionPreview
from generation.app.models import Composition
from moderation.app.masking import masked_values
from tidegate.accounts.viewers import Viewer
from tidegate.api.authentication import renewed
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.renderers import EventStream
from tidegate.api.v1.assets import ReasonOut
from tidegate.api.v1.balances import NOT_PAID
from tidegate.api.v1.jobs import state_and_project
from tidegate.api.v1.previews import DRY_RUN, is_dry_run
from tidegate.api.v1.shapes import Id, Text, Whole, choice, page_of, paged
from tidegate.api.views import View


class CompositionIn(serializers.Serializer[Any]):
    """A request for everything that a recipe makes."""

    project_id = Id()
    recipe = Text(max_length=64, help_text="A name of /api/v1/recipes.")
    inputs = serializers.DictField(help_text="What the recipe's `inputs_schema` says.")
    seed = Whole(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=2**53 - 1,
        help_text="Same request and same seed give the same parts; without one, a random one.",
    )


class PartOut(serializers.Serializer[Any]):
    """One part, or one item of a repeated part."""

    name = serializers.CharField()
    index = serializers.IntegerField(help_text="Which item of a repeated part, from 0.")
    title = serializers.CharField()
    model = serializers.CharField()
    modality = serializers.CharField()
    is_optional = serializers.BooleanField()
    state = serializers.ChoiceField(
        choices=PART_STATES,
        help_text="`waiting` for other parts, then the job's state, then the asset's visibility.",
    )
    job_id = serializers.UUIDField(allow_null=True)
    asset_id = serializers.UUIDField(allow_null=True)
    public_reasons = ReasonOut(many=True, help_text="Why it is held or blocked.")
    error_code = serializers.CharField()
    error_detail = serializers.CharField()


class WholeOut(serializers.Serializer[Any]):
    """The asset that the parts became."""

    asset_id = serializers.UUIDField()
    visibility = serializers.CharField()
    public_reasons = ReasonOut(many=True)


class CompositionUrls(serializers.Serializer[Any]):
    """Where it goes on."""

    self = serializers.CharField()
    events = serializers.CharField()
    cancel = serializers.CharField()


class CompositionOut(serializers.Serializer[Any]):
    """A composition with each of its parts."""

    id = serializers.UUIDField()
    organisation_id = serializers.UUIDField()
    project_id = serializers.UUIDField()
    recipe = serializers.CharField()
    recipe_version = serializers.CharField()
    title = serializers.CharField()
    inputs = serializers.DictField()
    seed = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Composition.State.choices)
    error_part = serializers.CharField(help_text="The part that was the reason of a failure.")
    error_index = serializers.IntegerField()
    error_code = serializers.CharField()
    error_detail = serializers.CharField()
    parts = PartOut(many=True)
    whole = WholeOut(allow_null=True, help_text="Null until every part is released.")
    charged = serializers.IntegerField(help_text="Credits that its parts cost as things stand.")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    urls = CompositionUrls()


class PartPriceOut(serializers.Serializer[Any]):
    """What one part costs at most."""

    name = serializers.CharField()
    each = serializers.IntegerField()
    times = serializers.IntegerField(help_text="How often it is made at most.")
    is_exact = serializers.BooleanField(help_text="False where earlier parts decide.")


class CompositionPreviewOut(serializers.Serializer[Any]):
    """What a request would come to, had it been sent in earnest."""

    recipe = serializers.CharField()
    parts = PartPriceOut(many=True)
    cost_at_most = serializers.IntegerField(help_text="Credits, if every part is made in full.")
    available = serializers.IntegerField(help_text="What the organisation may spend now.")
    is_affordable = serializers.BooleanField(help_text="Whether that is enough for all of it.")
    prompt_decision = serializers.ChoiceField(
        choices=["accepted", "held", "refused", "undecided"],
        help_text="About the words that are known now; later parts are screened on their turn.",
    )
    prompt_reasons = serializers.ListField(child=serializers.CharField())


class Compositions(View):
    """The compositions one may see."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read", "POST": "jobs:write"}

    @extend_schema(
        operation_id="compositions_list",
        tags=["compositions"],
        parameters=[
            *paged(),
            choice("state", Composition.State.values, "Only compositions in this state."),
            OpenApiParameter("project_id", OpenApiTypes.UUID, description="Only this project's."),
        ],
        responses=page_of(CompositionOut),
    )
    def get(self, request: Request) -> Response:
        """List compositions, newest first."""
        rows = selectors.compositions_visible_to(self.viewer)
        filters = state_and_project(request, Composition.State.values)
        rows = rows.filter(**filters)
        return page(request, rows, partial(_described, self.viewer), filters=filters)

    @extend_schema(
        operation_id="compositions_create",
        tags=["compositions"],
        parameters=[DRY_RUN],
        request=CompositionIn,
        responses={200: CompositionPreviewOut, 202: CompositionOut, **NOT_PAID},
    )
    def post(self, request: Request) -> Response:
        """Ask for everything that a recipe makes. 202 with the composition.

        Each part is a job: it reserves and settles its credits by itself.
        """
        form = checked(CompositionIn, request.data)
        asked: dict[str, Any] = {
            "viewer": self.viewer,
            "project_id": form["project_id"],
            "recipe_name": form["recipe"],
            "inputs": form["inputs"],
            "seed": form["seed"],
        }
        if is_dry_run(request):
            return Response(_previewed(services.preview_composition(**asked)))
        composition = services.submit_composition(**asked)
        return Response(
            _described(self.viewer, [composition])[0],
            status=202,
            headers={"Location": f"/api/v1/compositions/{composition.pk}"},
        )


class CompositionView(View):
    """One composition."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read"}

    @extend_schema(
        operation_id="compositions_read", tags=["compositions"], responses=CompositionOut
    )
    def get(self, request: Request, composition_id: UUID) -> Response:
        """Read a composition: how far each part is, and why one is held or blocked."""
        composition = selectors.composition_for(self.viewer, composition_id)
        return Response(_described(self.viewer, [composition])[0])


class CompositionCancel(View):
    """The end of a composition that is no longer wanted."""

    scopes: ClassVar[dict[str, str]] = {"POST": "jobs:write jobs:read"}

    @extend_schema(
        operation_id="compositions_cancel",
        tags=["compositions"],
        request=None,
        responses={202: CompositionOut},
    )
    def post(self, request: Request, composition_id: UUID) -> Response:
        """Cancel it with every part that is not made yet. Twice is no error."""
        composition = services.cancel_composition(viewer=self.viewer, composition_id=composition_id)
        return Response(_described(self.viewer, [composition])[0], status=202)


class CompositionEvents(View):
    """The live stream of a composition."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read"}
    renderer_classes = (EventStream, JSONRenderer)

    @extend_schema(
        operation_id="compositions_events",
        tags=["compositions"],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR,
                description="Server-sent events `state` (the composition as it is read, at first "
                "and whenever something of it changed) and `end`.",
            )
        },
    )
    def get(self, request: Request, composition_id: UUID) -> HttpResponseBase:
        """Follow a composition by server-sent events."""
        selectors.composition_for(self.viewer, composition_id)
        if request.method == "HEAD":
            # A stream without a body would only hold its connection.
            return HttpResponse(content_type="text/event-stream")
        stream = composition_events(
            viewer=self.viewer,
            composition_id=composition_id,
            language=get_language() or "en",
            describe=_plain,
            renew=partial(renewed, request),
        )
        return StreamingHttpResponse(
            stream,
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def _described(viewer: Viewer, compositions: Sequence[Composition]) -> list[Any]:
    seen = selectors.seen_by(viewer, compositions, language=get_language() or "en")
    return [_seen_by(viewer, one) for one in seen]


def _seen_by(viewer: Viewer, seen: CompositionSeen) -> dict[str, Any]:
    """Return a composition as its asker reads it, and without personal data for staff."""
    shown = dict(CompositionOut(_shape(seen)).data)
    if seen.composition.requested_by_id == viewer.user_id:
        return shown
    return {**shown, **{name: masked_values(shown[name]) for name in ("title", "inputs")}}


def _plain(seen: CompositionSeen) -> dict[str, Any]:
    """Return what JSON takes as it is."""
    plain: dict[str, Any] = json.loads(JSONRenderer().render(CompositionOut(_shape(seen)).data))
    return plain


def _shape(seen: CompositionSeen) -> dict[str, Any]:
    composition, whole = seen.composition, seen.whole
    base = f"/api/v1/compositions/{composition.pk}"
    return {
        "id": composition.pk,
        "organisation_id": composition.organisation_id,
        "project_id": composition.project_id,
        "recipe": composition.recipe_name,
        "recipe_version": composition.recipe_version,
        "title": composition.title,
        "inputs": composition.inputs,
        "seed": composition.seed,
        "state": composition.state,
        "error_part": composition.error_part,
        "error_index": composition.error_index,
        "error_code": composition.error_code,
        "error_detail": composition.error_detail,
        "parts": [_part(part) for part in seen.parts],
        "whole": None
        if whole is None
        else {
            "asset_id": whole.pk,
            "visibility": whole.visibility,
            "public_reasons": whole.public_reasons,
        },
        "charged": seen.charged,
        "created_at": composition.created_at,
        "ended_at": composition.ended_at,
        "urls": {"self": base, "events": f"{base}/events", "cancel": f"{base}/cancel"},
    }


def _part(part: PartSeen) -> dict[str, Any]:
    return {
        "name": part.name,
        "index": part.index,
        "title": part.title,
        "model": part.model,
        "modality": part.modality,
        "is_optional": part.is_optional,
        "state": part.state,
        "job_id": None if part.job is None else part.job.pk,
        "asset_id": None if part.asset is None else part.asset.pk,
        "public_reasons": part.public_reasons,
        "error_code": part.error_code,
        "error_detail": part.error_detail,
    }


def _previewed(preview: CompositionPreview) -> Any:
    return CompositionPreviewOut(
        {
            "recipe": preview.recipe.name,
            "parts": preview.prices,
            "cost_at_most": preview.at_most,
            "available": preview.available,
            "is_affordable": preview.is_affordable,
            "prompt_decision": preview.decision,
            "prompt_reasons": list(preview.reasons),
        }
    ).data
