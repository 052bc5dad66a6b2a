"""The gate as a Django app."""

from django.apps import AppConfig


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
        from moderation.app.restraints import KnownRestraints
        from tidegate.contracts.ports import register_gate, register_phases, register_restraints

        register_gate(ModerationGate(engine))
        register_phases(PHASES)
        register_restraints(KnownRestraints())
        handlers.register()
