"""Primitives as a Django app, for its abstract model."""

from django.apps import AppConfig


class PrimitivesConfig(AppConfig):
    """No tables of its own."""

    name = "tidegate.primitives"
    label = "primitives"
