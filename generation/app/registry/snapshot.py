"""What the registry says, remembered in each process.

A request must not pay for the registry: a process reads it once and then asks, at most every two
seconds, whether it changed since (one row). A change made in this process counts at once.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.db import transaction
from django.db.models.functions import Now

from generation.app.models import ModelVersion, RegisteredModel, RegistryStamp
from generation.core.catalogue import CatalogueRefused, Model, catalogue, read_entry
from tidegate.contracts.ports import phases
from tidegate.primitives.clock import now

logger = logging.getLogger("generation.registry")

FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Offer:
    """A model by name with the versions its aliases mean, and whether it may be asked for.

    `missing_phases` are safety phases that it needs and nobody handles.
    """

    name: str
    stable: Model
    canary: Model | None
    canary_percent: int
    is_enabled: bool
    because: str
    reason: str
    missing_phases: tuple[str, ...]
    deprecated_at: datetime | None
    retires_at: datetime | None
    successor: str

    def is_offered(self, at: datetime) -> bool:
        """Whether requests are accepted at a moment."""
        is_retired = self.retires_at is not None and self.retires_at <= at
        return self.is_enabled and not self.missing_phases and not is_retired


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All offers by name, as they stood when the registry last changed."""

    offers: Mapping[str, Offer]
    changed_at: datetime | None


class _Remembered:
    snapshot: Snapshot | None = None
    asked_at: float = 0.0
    # Versions never change, so they are read into models once.
    models: dict[tuple[str, str], Model] = {}


def snapshot() -> Snapshot:
    """Return what the registry says; at most two seconds old when another process changed it."""
    at = time.monotonic()
    known = _Remembered.snapshot
    if known is not None and at - _Remembered.asked_at < FRESH_SECONDS:
        return known
    changed_at = RegistryStamp.objects.values_list("changed_at", flat=True).first()
    if known is None or changed_at != known.changed_at:
        known = Snapshot(_read_offers(), changed_at)
        _Remembered.snapshot = known
    _Remembered.asked_at = at
    return known


def forget() -> None:
    """Read the registry again when it is next needed."""
    _Remembered.snapshot = None


def mark_changed() -> None:
    """Tell every process that the registry changes with the current transaction."""
    RegistryStamp.objects.bulk_create(
        [RegistryStamp(changed_at=now())],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["changed_at"],
    )
    # By the database's clock, and after the row is locked: each change has a moment of its own.
    RegistryStamp.objects.update(changed_at=Now())
    transaction.on_commit(forget)
    forget()


def model_in(row: ModelVersion, name: str) -> Model | None:
    """Return the model that a version's document describes; None if this release cannot read it."""
    key = (name, row.version)
    model = _Remembered.models.get(key)
    if model is not None:
        return model
    shipped = catalogue().get(name)
    if shipped is not None and shipped.version == row.version:
        model = shipped
    else:
        try:
            model = read_entry(row.document)
        except CatalogueRefused as error:
            logger.error("version %s of %s cannot be read: %s", row.version, name, error)  # noqa: TRY400  # the message says all
            return None
    _Remembered.models[key] = model
    return model


def _read_offers() -> Mapping[str, Offer]:
    offers = {model.name: _as_shipped(model) for model in catalogue().values()}
    rows = RegisteredModel.objects.select_related("stable", "canary").order_by("name")
    for row in rows:
        stable = None if row.stable is None else model_in(row.stable, row.name)
        if stable is None:
            # Written by a newer release: what this one ships is the best it has.
            offers.pop(row.name, None)
            stable = catalogue().get(row.name)
        if stable is not None:
            offers[row.name] = _as_registered(row, stable)
    return MappingProxyType(offers)


def _as_shipped(model: Model) -> Offer:
    return Offer(
        name=model.name,
        stable=model,
        canary=None,
        canary_percent=0,
        is_enabled=model.is_enabled,
        because="" if model.is_enabled else RegisteredModel.Because.NEW.value,
        reason="",
        missing_phases=missing_phases(model),
        deprecated_at=None,
        retires_at=None,
        successor="",
    )


def _as_registered(row: RegisteredModel, stable: Model) -> Offer:
    canary = None if row.canary is None else model_in(row.canary, row.name)
    needed = missing_phases(stable) or (() if canary is None else missing_phases(canary))
    return Offer(
        name=row.name,
        stable=stable,
        canary=canary,
        canary_percent=row.canary_percent if canary is not None else 0,
        is_enabled=row.state == RegisteredModel.State.ENABLED,
        because=row.because,
        reason=row.reason,
        missing_phases=needed,
        deprecated_at=row.deprecated_at,
        retires_at=row.retires_at,
        successor=row.successor,
    )


def missing_phases(model: Model) -> tuple[str, ...]:
    """Return the safety phases that a model needs and nobody handles."""
    handled = phases()
    return tuple(phase for phase in model.safety.phases if phase not in handled)
