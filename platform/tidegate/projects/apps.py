"""Django's entry to the app."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Registers the projects tables."""

    name = "tidegate.projects"
    label = "projects"
    default_auto_field = "django.db.models.BigAutoField"
