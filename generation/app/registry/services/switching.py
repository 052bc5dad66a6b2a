"""What operators decide about a model: on, off, which version, until when."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from generation.app.models import ModelVersion, RegisteredModel
from generation.app.registry.selectors import offer_of, require_model
from generation.app.registry.services.entries import sync_shipped
from generation.app.registry.services.trail import (
    REGISTRY,
    changed,
    given_reason,
    require_operator,
    state_of,
)
from generation.app.registry.snapshot import missing_phases, model_in
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput

LOG_CHARACTERS = 8_000
_PERCENT = 100


def enable_model(*, viewer: Viewer, name: str, reason: str) -> RegisteredModel:
    """Offer a model. One that is offered already is returned as it is.

    Raises:
        NotAllowed, NotFound, InvalidInput: no policy admin, no such model, no reason.
        Conflict: `phase_not_handled`: a safety phase that it needs has no handler.
    """
    with _opened(viewer, name, reason) as (row, words):
        if row.state == RegisteredModel.State.ENABLED:
            return row
        for version in (row.stable, row.canary):
            _require_safe(row, version)
        before = state_of(row)
        row.move_to(RegisteredModel.State.ENABLED, at=now())
        row.save()
        changed(row, Action.MODEL_ENABLED, before=before, actor=viewer.actor(), reason=words)
    return row


def disable_model(*, viewer: Viewer, name: str, reason: str) -> RegisteredModel:
    """Offer a model no longer. Its running jobs end; those that wait fail, with this reason.

    Raises:
        NotAllowed, NotFound, InvalidInput: as `enable_model`.
    """
    with _opened(viewer, name, reason) as (row, words):
        if row.state == RegisteredModel.State.DISABLED:
            return row
        before = state_of(row)
        row.move_to(RegisteredModel.State.DISABLED, at=now())
        row.because = RegisteredModel.Because.OPERATOR
        row.reason = words
        row.save()
        changed(row, Action.MODEL_DISABLED, before=before, actor=viewer.actor(), reason=words)
    return row


def disable_crashed(*, name: str, log: str) -> None:
    """Offer a model no longer because a server could not load it; keep the end of its log."""
    sync_shipped()
    with transaction.atomic():
        row = _locked(name)
        before = state_of(row)
        if row.because == RegisteredModel.Because.CRASHED:
            return  # another caller was faster
        if row.state == RegisteredModel.State.ENABLED:
            row.move_to(RegisteredModel.State.DISABLED, at=now())
            row.because = RegisteredModel.Because.CRASHED
            row.reason = "It could not be loaded."
        # One that was off already stays off for its own reason; the log is kept all the same.
        row.crash_log = log.replace("\x00", "")[-LOG_CHARACTERS:]
        row.save()
        lines = [line for line in row.crash_log.splitlines() if line.strip()]
        changed(
            row,
            Action.MODEL_CRASHED,
            before=before,
            actor=REGISTRY,
            reason="It could not be loaded.",
            after={"log": "\n".join(lines[-5:])[:1000]},
        )


def set_aliases(
    *,
    viewer: Viewer,
    name: str,
    stable: str,
    canary: str = "",
    canary_percent: int = 0,
    reason: str,
) -> RegisteredModel:
    """Say which versions `stable` and `canary` mean, and how many requests get the canary.

    From then on a new release's entry is only another version, unless stable is the newest
    shipped one.

    Raises:
        NotAllowed, NotFound: as `enable_model`.
        InvalidInput: no such version, a share that is none, or a share without a canary.
        Conflict: `phase_not_handled`, of an enabled model.
    """
    if isinstance(canary_percent, bool) or not 0 <= canary_percent <= _PERCENT:
        raise InvalidInput(
            "The share is from 0 to 100.", code="out_of_range", pointer="/canary_percent"
        )
    if canary_percent and not canary:
        raise InvalidInput(
            "A share needs a canary.", code="canary_missing", pointer="/canary_percent"
        )
    with _opened(viewer, name, reason) as (row, words):
        before = state_of(row)
        row.stable = _version(row, stable, "/stable")
        row.canary = _version(row, canary, "/canary") if canary else None
        row.canary_percent = canary_percent
        if row.state == RegisteredModel.State.ENABLED:
            _require_safe(row, row.stable)
            _require_safe(row, row.canary)
        newest = row.versions.filter(is_shipped=True).order_by("pk").last()
        row.follows_shipped = newest is not None and row.stable.pk == newest.pk
        row.changed_at = now()
        row.save()
        meant = [version.pk for version in (row.stable, row.canary) if version is not None]
        ModelVersion.objects.filter(pk__in=meant).update(is_open=True)
        if state_of(row) != before:
            changed(row, Action.MODEL_ALIASED, before=before, actor=viewer.actor(), reason=words)
    return row


def deprecate_model(
    *, viewer: Viewer, name: str, retires_at: datetime | None, successor: str = "", reason: str
) -> RegisteredModel:
    """Announce a model's end: from `retires_at` on it takes no requests. None takes it back.

    Raises:
        NotAllowed, NotFound: as `enable_model`.
        InvalidInput: the moment is over, or there is no such successor.
    """
    at = now()
    if retires_at is not None and retires_at <= at:
        raise InvalidInput("The moment is over.", code="in_the_past", pointer="/retires_at")
    if successor and (successor == name or offer_of(successor) is None):
        raise InvalidInput(
            "There is no such other model.", code="unknown_model", pointer="/successor"
        )
    with _opened(viewer, name, reason) as (row, words):
        before = state_of(row)
        row.deprecated_at = None if retires_at is None else row.deprecated_at or at
        row.retires_at = retires_at
        row.successor = successor if retires_at is not None else ""
        row.changed_at = at
        row.save()
        changed(row, Action.MODEL_DEPRECATED, before=before, actor=viewer.actor(), reason=words)
    return row


@contextmanager
def _opened(viewer: Viewer, name: str, reason: str) -> Iterator[tuple[RegisteredModel, str]]:
    """Check who asks and why; then, in one transaction, lock the model and let it be changed."""
    require_operator(viewer)
    words = given_reason(reason)
    # One that this release ships may be changed before it was first synchronised.
    sync_shipped()
    require_model(name)
    with transaction.atomic():
        yield _locked(name), words


def _locked(name: str) -> RegisteredModel:
    return (
        RegisteredModel.objects.select_for_update(of=["self"])
        .select_related("stable", "canary")
        .get(name=name)
    )


def _version(row: RegisteredModel, version: str, pointer: str) -> ModelVersion:
    found = row.versions.filter(version=version[:64].replace("\x00", "")).first()
    if found is None:
        raise InvalidInput(
            f"{row.name} has no such version.", code="unknown_version", pointer=pointer
        )
    return found


def _require_safe(row: RegisteredModel, version: ModelVersion | None) -> None:
    if version is None:
        return
    model = model_in(version, row.name)
    if model is None:
        raise Conflict(
            f"Version {version.version} was written for another release.", code="version_unreadable"
        )
    unhandled = missing_phases(model)
    if unhandled:
        extra: Mapping[str, object] = {"phases": list(unhandled)}
        raise Conflict(
            f"{row.name} needs the safety phases {', '.join(unhandled)}, which nobody handles.",
            code="phase_not_handled",
            extra=extra,
        )
