"""Checks: is this fit to be shown? Answered at once, for texts and pictures of anybody."""

from collections.abc import Sequence
from itertools import islice
from time import perf_counter
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app.checks import check, policy_in_force
from moderation.app.inputs import inputs_of
from tidegate.api.forms import checked
from tidegate.api.parsers import StrictJson
from tidegate.api.v1 import moderation_shapes, openai_shapes
from tidegate.api.v1.moderation_shapes import ModerationsIn, ModerationsOut
from tidegate.api.v1.openai_shapes import OpenAIModerationIn, OpenAIModerationOut
from tidegate.api.views import View
from tidegate.primitives.errors import FieldError, InvalidInput
from tidegate.primitives.ids import new_id


class LargeJson(StrictJson):
    """JSON that may carry pictures."""

    largest_bytes: ClassVar[int | None] = 24 * 1024 * 1024


class Moderations(View):
    """Checks."""

    scopes: ClassVar[dict[str, str]] = {"POST": "moderations:check"}
    parser_classes: Sequence[type[BaseParser]] = (LargeJson,)

    @extend_schema(
        operation_id="moderations_create",
        tags=["moderations"],
        request=PolymorphicProxySerializer(
            component_name="Moderations",
            serializers=[ModerationsIn, OpenAIModerationIn],
            resource_type_field_name=None,
        ),
        responses=PolymorphicProxySerializer(
            component_name="ModerationsResponse",
            serializers=[ModerationsOut, OpenAIModerationOut],
            resource_type_field_name=None,
        ),
        examples=[
            OpenApiExample(
                "Our shape", {"inputs": [{"text": "See you at the harbour."}]}, request_only=True
            ),
            OpenApiExample(
                "OpenAI's shape",
                {"model": "omni-moderation-latest", "input": "See you at the harbour."},
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Judge texts and pictures by the rules of the gate, now. Nothing of them is kept.

        With `inputs` it is our shape: a verdict for each, with its reasons. What could not be
        judged is `unavailable`, which is neither a pass nor a conviction; the status is 200.

        With `input` it is the shape of OpenAI's `POST /v1/moderations`, for clients whose base URL
        is `…/api/v1`. It has no word for what could not be judged, so then the answer is 503
        `not_judged` for the whole call, with `Retry-After`.

        Bodies of 24 MB are taken. Pictures come in the body or by their id; nothing is fetched.
        """
        began = perf_counter()
        if isinstance(request.data, dict) and "input" in request.data:
            return Response(self._as_openai(request.data))
        form = checked(ModerationsIn, request.data)
        checks = check(inputs_of(self.viewer, moderation_shapes.asked_of(form)))
        return Response(moderation_shapes.describe(checks, seconds=perf_counter() - began))

    def _as_openai(self, data: dict[str, Any]) -> dict[str, Any]:
        if "inputs" in data:
            message = "Give `inputs`, or in OpenAI's shape `input`."
            raise InvalidInput(errors=[FieldError("/input", "not_one_of", message)])
        form = checked(OpenAIModerationIn, data)
        groups = openai_shapes.asked_of(form)
        checks = iter(check(inputs_of(self.viewer, [one for group in groups for one in group])))
        return openai_shapes.describe(
            [list(islice(checks, len(group))) for group in groups],
            answer_id=new_id(),
            policy=policy_in_force(),
        )
