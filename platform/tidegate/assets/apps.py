"""Django's entry to the app."""

from django.apps import AppConfig


class AssetsConfig(AppConfig):
    """Registers the assets tables."""

    name = "tidegate.assets"
    label = "assets"
    default_auto_field = "django.db.models.BigAutoField"
