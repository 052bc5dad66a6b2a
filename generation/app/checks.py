"""What is looked at when a process starts: `manage.py check`, and every command before it runs."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name

from generation.app.registry.snapshot import missing_phases
from generation.core.catalogue import catalogue


def phases_are_handled(app_configs: Sequence[Any] | None, **options: Any) -> list[CheckMessage]:
    """Name every shipped model that cannot be enabled, because nobody handles what it needs.

    No error: it is switched off, by the registry, until there is a handler.
    """
    return [
        Warning(
            f"The model {model.name} cannot be enabled: nobody handles {', '.join(missing)}.",
            hint="Install the app that registers these phases, or correct the entry's `safety`.",
            obj=model.name,
            id="generation.W001",
        )
        for model in catalogue().values()
        if (missing := missing_phases(model))
    ]
