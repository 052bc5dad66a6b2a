"""Every write about compositions."""

from generation.app.compositions.services.requests import (
    cancel_composition,
    preview_composition,
    submit_composition,
)
from generation.app.compositions.services.steps import (
    Prepared,
    advance,
    apply_step,
    prepare_step,
)
from generation.app.compositions.services.sweeping import sweep_compositions

__all__ = [
    "Prepared",
    "advance",
    "apply_step",
    "cancel_composition",
    "prepare_step",
    "preview_composition",
    "submit_composition",
    "sweep_compositions",
]
