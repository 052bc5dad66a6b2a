"""The composition root's own Django application."""

from importlib import import_module

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """Binds our Celery application wherever Django runs.

    Without it a management command or a web process that publishes a `shared_task` would use
    Celery's default application, and with that a broker that is not there.
    """

    name = "tidegate.settings"
    label = "runtime"

    def ready(self) -> None:
        import_module("tidegate.celery")
