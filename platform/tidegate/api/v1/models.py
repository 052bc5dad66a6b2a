"""The model catalogue."""

from typing import Any

from django.utils.http import http_date
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from generation.app.registry.selectors import offered_models, require_model
from generation.app.registry.snapshot import Offer
from generation.core.catalogue import Model, parameters_schema
from tidegate.api.views import View
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound


@extend_schema_field({"type": ["string", "number", "null"]})
class ValueOut(serializers.JSONField):
    """A value as a request gives it: a choice of numbers is offered as numbers."""


class ParameterOut(serializers.Serializer[Any]):
    """One parameter that a model takes."""

    name = serializers.CharField()
    type = serializers.CharField()
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)
    default = ValueOut(allow_null=True)
    choices = serializers.ListField(child=ValueOut())
    description = serializers.CharField()


class LimitsOut(serializers.Serializer[Any]):
    """What a model bears."""

    prompt_characters = serializers.IntegerField()
    deadline_seconds = serializers.IntegerField()


class FactorOut(serializers.Serializer[Any]):
    """A quantity of the request, in its unit, to a power."""

    of = serializers.CharField(help_text="A parameter, or `prompt_characters`.")
    unit = serializers.FloatField()
    power = serializers.IntegerField()


class TermOut(serializers.Serializer[Any]):
    """So many credits times every quantity."""

    credits = serializers.FloatField()
    per = FactorOut(many=True)


class PriceOut(serializers.Serializer[Any]):
    """What one output costs: the base and the terms, added and rounded up, at least 1 credit."""

    base = serializers.FloatField()
    terms = TermOut(many=True)


class StyleOut(serializers.Serializer[Any]):
    """A style of the model: what it adds to a request."""

    name = serializers.CharField()
    title = serializers.CharField()
    prompt = serializers.CharField(help_text="A template around `{prompt}`.")
    negative_prompt = serializers.CharField()
    parameters = serializers.DictField()


class ModelOut(serializers.Serializer[Any]):
    """One entry of the catalogue, its words in the language of the request."""

    name = serializers.CharField()
    version = serializers.CharField(help_text="Of the entry; `NAME@VERSION` asks for this one.")
    title = serializers.CharField()
    modality = serializers.CharField()
    description = serializers.CharField()
    licence = serializers.CharField()
    licence_url = serializers.CharField(allow_blank=True)
    use_restrictions = serializers.ListField(
        child=serializers.CharField(), help_text="What the licence forbids to do with outputs."
    )
    languages = serializers.ListField(child=serializers.CharField())
    cost_credits = serializers.IntegerField(help_text="One output with the defaults.")
    price = PriceOut()
    limits = LimitsOut()
    operations = serializers.ListField(
        child=serializers.CharField(), help_text="What it does with a given picture, if anything."
    )
    needs_prompt = serializers.BooleanField(help_text="Whether a request must have words.")
    parameters = ParameterOut(many=True)
    styles = StyleOut(many=True)
    safety = serializers.ListField(
        child=serializers.CharField(), source="safety.phases", help_text="What the gate judges."
    )


class ModelDetailOut(ModelOut):
    """A model with what a form is drawn from, and until when it is offered."""

    parameters_schema = serializers.DictField(help_text="JSON Schema 2020-12 of `parameters`.")
    deprecated_at = serializers.DateTimeField(allow_null=True)
    retires_at = serializers.DateTimeField(allow_null=True)
    successor = serializers.CharField(allow_blank=True)


class Models(View):
    """The catalogue; public."""

    permission_classes = ()

    @extend_schema(
        operation_id="models_list",
        tags=["models"],
        responses=inline_serializer("ModelList", {"items": ModelOut(many=True)}),
    )
    def get(self, request: Request) -> Response:
        """List every model with its parameters, ranges and defaults."""
        models = [_spoken(model) for model in offered_models().values()]
        return Response({"items": ModelOut(models, many=True).data})


class ModelView(View):
    """One model; public."""

    permission_classes = ()

    @extend_schema(operation_id="models_read", tags=["models"], responses=ModelDetailOut)
    def get(self, request: Request, name: str) -> Response:
        """Read one model, with the schema of its parameters."""
        offer = require_model(name)
        if not offer.is_offered(now()):
            raise NotFound(f"There is no model {name!r}; see /api/v1/models.", code="unknown_model")
        return Response(_detail(offer), headers=_ending(offer))


def _detail(offer: Offer) -> dict[str, Any]:
    model = _spoken(offer.stable)
    return {
        **ModelOut(model).data,
        "parameters_schema": parameters_schema(model),
        "deprecated_at": offer.deprecated_at,
        "retires_at": offer.retires_at,
        "successor": offer.successor,
    }


def _ending(offer: Offer) -> dict[str, str]:
    """Say in headers too that a model ends: RFC 9745 and RFC 8594."""
    headers = {}
    if offer.deprecated_at is not None:
        headers["Deprecation"] = f"@{int(offer.deprecated_at.timestamp())}"
    if offer.retires_at is not None:
        headers["Sunset"] = http_date(offer.retires_at.timestamp())
    return headers


def _spoken(model: Model) -> Model:
    return model.translated(get_language() or "en")
