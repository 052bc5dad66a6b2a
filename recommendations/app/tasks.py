"""Celery entry points of recommendations."""

from celery import shared_task

from recommendations.app import services


@shared_task(name="recommendations.embed_missing", ignore_result=True)
def embed_missing() -> None:
    """Give vectors to items that went without while the embedder was away."""
    services.embed_missing()


@shared_task(name="recommendations.forget_exposures", ignore_result=True)
def forget_exposures() -> None:
    """Drop exposures past their retention."""
    services.forget_exposures()


@shared_task(name="recommendations.count_together", ignore_result=True)
def count_together() -> None:
    """Count what goes together in what was done since last time."""
    services.count_together()


@shared_task(name="recommendations.train_ranking", ignore_result=True)
def train_ranking() -> None:
    """Measure what all items have in common, and let the model learn from what was shown."""
    services.measure_commons()
    services.train_ranking()
