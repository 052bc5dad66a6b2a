"""The gate as a Django app."""

from django.apps import AppConfig
from django.conf import settings


class ModerationConfig(AppConfig):
    """Tables, services and the consumer of the gate."""

    name = "moderation.app"
    label = "moderation"
    verbose_name = "Moderation"

    def ready(self) -> None:
        from moderation.app import handlers
        from moderation.app.engine import engine
        from moderation.app.examination import PHASES
        from moderation.app.gate import ModerationGate
        from moderation.app.house_marks import KnownMarks
        from moderation.app.restraints import KnownRestraints
        from moderation.app.translators import ChatTranslator
        from tidegate.contracts.ports import (
            register_gate,
            register_house_marks,
            register_phases,
            register_restraints,
            register_translator,
        )

        register_gate(ModerationGate(engine))
        register_phases(PHASES)
        register_restraints(KnownRestraints())
        register_house_marks(KnownMarks())
        handlers.register()
        if settings.TIDEGATE_TRANSLATOR_URL:
            register_translator(
                ChatTranslator(
                    settings.TIDEGATE_TRANSLATOR_URL,
                    settings.TIDEGATE_TRANSLATOR_MODEL,
                    settings.TIDEGATE_TRANSLATOR_KEY,
                )
            )
