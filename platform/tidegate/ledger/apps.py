"""The ledger application."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Append-only entries with running figures, and their reconciliation."""

    name = "tidegate.ledger"
    label = "ledger"
