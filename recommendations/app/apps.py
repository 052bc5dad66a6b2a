"""Recommendations as a Django app."""

from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    """Registers the consumer that keeps items and tastes current."""

    name = "recommendations.app"
    label = "recommendations"

    def ready(self) -> None:
        """Listen to assets and interactions."""
        from recommendations.app import handlers
        from recommendations.app.selectors import meanings, reach
        from tidegate.contracts.assets import AssetCreated, AssetVisibilityChanged
        from tidegate.contracts.interactions import InteractionRecorded, SignalNoticed
        from tidegate.contracts.ports import register_meanings, register_reach
        from tidegate.events.registry import consumer

        register_reach(reach)
        register_meanings(meanings)
        consumer(
            "recommendations",
            handlers={
                AssetCreated: handlers.asset_created,
                AssetVisibilityChanged: handlers.asset_visibility_changed,
            },
            handle_batch={
                InteractionRecorded: handlers.interactions_recorded,
                SignalNoticed: handlers.signals_noticed,
            },
            prepare={AssetCreated: handlers.embed},
        )
