"""Django's entry to the app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the accounts tables."""

    name = "tidegate.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
