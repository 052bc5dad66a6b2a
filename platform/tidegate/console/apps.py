"""The console as a Django app: templates and static files, no tables."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Where flagged content is judged."""

    name = "tidegate.console"
    label = "console"
