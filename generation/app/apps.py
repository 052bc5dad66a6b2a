"""The Django application of generation."""

from pathlib import Path

from django.apps import AppConfig


class GenerationConfig(AppConfig):
    """Reads the further folders of the catalogue, and the recipes; registers the consumers."""

    name = "generation.app"
    label = "generation"

    def ready(self) -> None:
        from django.conf import settings
        from django.core.checks import register

        from generation.app import handlers
        from generation.app.checks import phases_are_handled
        from generation.app.makers import BarredMakers
        from generation.core.catalogue import catalogue, use_folders
        from generation.core.recipes import recipes
        from tidegate.contracts.ports import register_makers

        use_folders([Path(folder) for folder in getattr(settings, "GENERATION_CATALOGUE_DIRS", ())])
        # A malformed entry stops the start, and not somebody's request.
        catalogue()
        recipes()
        register_makers(BarredMakers())
        handlers.register()
        register(phases_are_handled)
