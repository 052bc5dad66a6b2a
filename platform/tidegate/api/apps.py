"""The API as a Django app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The API has no tables; it is an app so that its schema extensions are found."""

    name = "tidegate.api"
    label = "api"
