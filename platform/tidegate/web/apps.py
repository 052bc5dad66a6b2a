"""The web product as a Django app: templates and static files, no tables."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Studio, feed, library."""

    name = "tidegate.web"
    label = "web"
