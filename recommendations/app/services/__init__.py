"""Every write of recommendations."""

from recommendations.app.services.commons import measure_commons
from recommendations.app.services.experiments import end_experiment, start_experiment
from recommendations.app.services.exposures import (
    count_tried,
    forget_exposures,
    keep_slate,
    record_exposures,
)
from recommendations.app.services.folding import (
    apply_interaction,
    apply_interactions,
    refold_viewer,
)
from recommendations.app.services.interactions import (
    MOST_SIGNALS,
    Arrived,
    Signal,
    notice,
    record_interaction,
    take_signals,
)
from recommendations.app.services.items import create_item, embed_missing, list_item
from recommendations.app.services.pairs import count_together
from recommendations.app.services.people import (
    choose,
    follow,
    forget_person,
    mute,
    reset_interests,
)
from recommendations.app.services.training import train_ranking

__all__ = [
    "MOST_SIGNALS",
    "Arrived",
    "Signal",
    "apply_interaction",
    "apply_interactions",
    "choose",
    "count_together",
    "count_tried",
    "create_item",
    "embed_missing",
    "end_experiment",
    "follow",
    "forget_exposures",
    "forget_person",
    "keep_slate",
    "list_item",
    "measure_commons",
    "mute",
    "notice",
    "record_exposures",
    "record_interaction",
    "refold_viewer",
    "reset_interests",
    "start_experiment",
    "take_signals",
    "train_ranking",
]
