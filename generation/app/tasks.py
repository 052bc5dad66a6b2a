"""Celery entry points."""

from functools import cache
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings

from generation.app import presence, reconciliation, services, tickets
from generation.app.compositions import services as compositions
from generation.app.registry import services as registry
from generation.core.triton import Generator
from tidegate.primitives.errors import TidegateError

worker_ready.connect(presence.attend)
worker_shutting_down.connect(presence.leave)


@shared_task(name=tickets.TASK, acks_late=True, ignore_result=True)
def generate(modality: str) -> bool:
    """Spend one ticket: run the fairest job that waits, if any does."""
    from generation.app import runner

    return runner.run_next(modality=modality, generator=_generator())


@shared_task(name="generation.sweep", ignore_result=True)
def sweep() -> None:
    """Put right what crashes left behind; every few seconds."""
    services.sweep()


@shared_task(name="generation.sweep_compositions", ignore_result=True)
def sweep_compositions() -> None:
    """Let compositions go on where an event was lost; every few seconds."""
    compositions.sweep_compositions()


@shared_task(name="generation.tend_models", ignore_result=True)
def tend_models() -> None:
    """Take up shipped entries, unload idle models, note broken ones; twice a minute."""
    registry.tend()


@shared_task(name="generation.reconcile_credits", ignore_result=True)
def reconcile_credits() -> None:
    """Say in the log where credits and jobs do not add up; every hour."""
    reconciliation.report()


@shared_task(name=registry.LOAD_TASK, ignore_result=True, throws=(TidegateError,))
def load_model(name: str, user_id: str) -> None:
    """Load a model for an operator; what goes wrong is kept with the model."""
    registry.load_for(user_id=UUID(user_id), name=name)


@cache
def _generator() -> Generator:
    # One connection per process, made after the fork: gRPC does not survive one.
    return Generator(settings.TRITON_GRPC_URL)
