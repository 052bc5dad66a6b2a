"""Every write about models."""

from generation.app.registry.services.entries import add_entry, sync_shipped
from generation.app.registry.services.loading import (
    LOAD_TASK,
    ensure_loaded,
    load_for,
    load_model,
    request_load,
    unload_model,
)
from generation.app.registry.services.reviving import revive
from generation.app.registry.services.switching import (
    deprecate_model,
    disable_crashed,
    disable_model,
    enable_model,
    set_aliases,
)
from generation.app.registry.services.tending import tend

__all__ = [
    "LOAD_TASK",
    "add_entry",
    "deprecate_model",
    "disable_crashed",
    "disable_model",
    "enable_model",
    "ensure_loaded",
    "load_for",
    "load_model",
    "request_load",
    "revive",
    "set_aliases",
    "sync_shipped",
    "tend",
    "unload_model",
]
