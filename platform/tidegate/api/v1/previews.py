"""What a request for a job would come to: `dry_run`."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from generation.app.services.previews import Preview
from tidegate.api.v1.job_shapes import QueueOut
from tidegate.primitives.errors import FieldError, InvalidInput

DRY_RUN = OpenApiParameter(
    "dry_run",
    OpenApiTypes.BOOL,
    description="Only say what it would cost and meet (200); nothing is asked for.",
)


class PreviewOut(serializers.Serializer[Any]):
    """What a request would come to, had it been sent in earnest."""

    model = serializers.CharField()
    prompt = serializers.CharField(help_text="What preset and style make of the request.")
    parameters = serializers.DictField()
    seed = serializers.IntegerField(help_text="Give it to get this prompt; else another is drawn.")
    outputs = serializers.IntegerField()
    cost = serializers.IntegerField(help_text="Credits of all outputs together.")
    available = serializers.IntegerField(help_text="What the organisation may spend now.")
    available_after = serializers.IntegerField(help_text="What would be left.")
    is_affordable = serializers.BooleanField()
    prompt_decision = serializers.ChoiceField(
        choices=["accepted", "held", "refused", "undecided"],
        help_text="`held`: it would run, and its outputs be looked at; `undecided`: it would wait "
        "for the check.",
    )
    prompt_reasons = serializers.ListField(child=serializers.CharField())
    queue = QueueOut(allow_null=True)


def is_dry_run(request: Request) -> bool:
    """Read `dry_run` of the query.

    Raises:
        InvalidInput: it is neither true nor false.
    """
    written = request.query_params.get("dry_run", "false")
    if written not in {"true", "false"}:
        raise InvalidInput(errors=[FieldError("/dry_run", "unknown_choice", "true or false")])
    return written == "true"


def describe_preview(preview: Preview) -> Any:
    """Return a preview as the API shows it."""
    job = preview.job
    return PreviewOut(
        {
            "model": job.model_name,
            "prompt": job.prompt,
            "parameters": job.parameters,
            "seed": job.seed,
            "outputs": job.outputs_wanted,
            "cost": job.cost_credits,
            "available": preview.available,
            "available_after": preview.available_after,
            "is_affordable": preview.is_affordable,
            "prompt_decision": preview.decision,
            "prompt_reasons": list(preview.reasons),
            "queue": None if preview.wait is None else preview.wait.describe(),
        }
    ).data
