"""Every write of recommendations."""

from recommendations.app.services.exposures import forget_exposures, record_exposures
from recommendations.app.services.interactions import record_interaction
from recommendations.app.services.items import create_item, embed_missing, list_item
from recommendations.app.services.tastes import apply_interaction, refold_viewer

__all__ = [
    "apply_interaction",
    "create_item",
    "embed_missing",
    "forget_exposures",
    "list_item",
    "record_exposures",
    "record_interaction",
    "refold_viewer",
]
