"""The audit application."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only entries, signed checkpoints and their verification."""

    name = "tidegate.audit"
    label = "audit"
