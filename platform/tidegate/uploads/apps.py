"""Django's entry to the app."""

from django.apps import AppConfig


class UploadsConfig(AppConfig):
    """Registers the uploads table."""

    name = "tidegate.uploads"
    label = "uploads"
    default_auto_field = "django.db.models.BigAutoField"
