"""What counts as harm, how grave it is, and what others call it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors
from tidegate.api.views import View


class HazardOut(serializers.Serializer[Any]):
    """A hazard."""

    name = serializers.CharField(help_text="What verdicts, policies and events say.")
    severity = serializers.IntegerField(min_value=0, max_value=4, help_text="4 is the gravest.")
    refines = serializers.CharField(allow_blank=True, help_text="The wider hazard, if any.")
    titles = serializers.DictField(child=serializers.CharField(), help_text="By language.")
    definitions = serializers.DictField(child=serializers.CharField(), help_text="By language.")


class HazardCodeOut(serializers.Serializer[Any]):
    """A hazard in the code of a scheme."""

    code = serializers.CharField(allow_blank=True, help_text="Empty: the hazard has none.")
    title = serializers.CharField(source="label", allow_blank=True)
    hazard = serializers.CharField(allow_blank=True, help_text="Empty: no hazard says it.")
    note = serializers.CharField(allow_blank=True, help_text="Why one of both is empty.")


class HazardSchemeOut(serializers.Serializer[Any]):
    """A scheme of others."""

    name = serializers.CharField()
    version = serializers.CharField()
    codes = HazardCodeOut(many=True)


class TaxonomyOut(serializers.Serializer[Any]):
    """The hazards and their mappings, each in the version published last."""

    version = serializers.CharField()
    hazards = HazardOut(many=True)
    schemes = HazardSchemeOut(many=True)


class TaxonomyView(View):
    """The taxonomy; public."""

    permission_classes = ()

    @extend_schema(operation_id="taxonomy_read", tags=["moderations"], responses=TaxonomyOut)
    def get(self, request: Request) -> Response:
        """Read what counts as harm, how grave it is, and its codes in other schemes."""
        found = selectors.published_taxonomy()
        schemes = [
            {"name": name, "version": rows[0].version, "codes": rows}
            for name, rows in found.schemes.items()
        ]
        shown = {"version": found.version, "hazards": found.hazards, "schemes": schemes}
        return Response(TaxonomyOut(shown).data)
