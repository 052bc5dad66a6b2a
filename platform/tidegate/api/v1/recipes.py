"""Recipes: what may be composed, and the form of its inputs."""

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from generation.app.compositions.offers import offered_recipes, recipe_named
from generation.core.recipes import Recipe, inputs_schema
from tidegate.api.views import View


class RecipePartOut(serializers.Serializer[Any]):
    """One thing that a recipe makes."""

    name = serializers.CharField()
    title = serializers.CharField()
    model = serializers.CharField()
    most = serializers.IntegerField(help_text="How often it is made at most: once per item.")
    is_optional = serializers.BooleanField(help_text="Whether the whole goes on without it.")


class RecipeOut(serializers.Serializer[Any]):
    """A recipe, its words in the language of the request."""

    name = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    parts = RecipePartOut(many=True)
    inputs_schema = serializers.DictField(help_text="JSON Schema 2020-12 of `inputs`.")


class Recipes(View):
    """The recipes; public, as the models are."""

    permission_classes = ()

    @extend_schema(
        operation_id="recipes_list",
        tags=["compositions"],
        responses=inline_serializer("RecipeList", {"items": RecipeOut(many=True)}),
    )
    def get(self, request: Request) -> Response:
        """List every recipe whose models are offered."""
        return Response({"items": [_described(recipe) for recipe in offered_recipes().values()]})


class RecipeView(View):
    """One recipe; public."""

    permission_classes = ()

    @extend_schema(operation_id="recipes_read", tags=["compositions"], responses=RecipeOut)
    def get(self, request: Request, name: str) -> Response:
        """Read one recipe, with the schema of its inputs."""
        return Response(_described(recipe_named(name)))


def _described(recipe: Recipe) -> Any:
    spoken = recipe.translated(get_language() or "en")
    return RecipeOut(
        {
            "name": spoken.name,
            "version": spoken.version,
            "title": spoken.title,
            "description": spoken.description,
            "languages": spoken.languages,
            "parts": spoken.parts,
            "inputs_schema": inputs_schema(spoken),
        }
    ).data
