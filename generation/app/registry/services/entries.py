"""Entries that come into the registry: what a release ships, and what operators add."""

import logging
from collections.abc import Mapping

from django.db import transaction

from generation.app.models import ModelVersion, RegisteredModel
from generation.app.registry.services.trail import REGISTRY, changed, require_operator, state_of
from generation.app.registry.snapshot import missing_phases, model_in
from generation.core.catalogue import CatalogueRefused, Model, catalogue, read_entry
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput

logger = logging.getLogger("generation.registry")


@transaction.atomic
def add_entry(*, viewer: Viewer, document: Mapping[str, object]) -> ModelVersion:
    """Take up an entry: a new model, or another version of a known one.

    The same content again changes nothing. A new model is enabled when its entry says so and its
    safety phases have handlers; a further version is offered once an alias means it.

    Raises:
        InvalidInput: at `/entry`: the entry is malformed.
        NotAllowed: the viewer is no policy admin.
    """
    require_operator(viewer)
    try:
        model = read_entry(dict(document))
    except CatalogueRefused as error:
        raise InvalidInput(str(error)[:2000], code="entry_refused", pointer="/entry") from error
    row = _locked(model.name)
    if row is None:
        row = _new_row(model, is_shipped=False, actor=viewer.actor())
        return ModelVersion.objects.get(model=row, version=model.version)
    return _add_version(row, model, is_shipped=False, actor=viewer.actor())


def sync_shipped() -> list[str]:
    """Take up what this release ships; return what changed, one line each.

    May run any number of times in any number of processes, of two releases at once too: an entry
    becomes stable when its content is first seen, and never again by itself.
    """
    lines: list[str] = []
    shipped = catalogue()
    known = set(
        ModelVersion.objects.filter(model__name__in=shipped).values_list("model__name", "version")
    )
    for model in shipped.values():
        if (model.name, model.version) in known:
            continue
        with transaction.atomic():
            line = _take_up(model)
        if line:
            lines.append(line)
    waiting = RegisteredModel.objects.filter(because="unsafe", name__in=shipped)
    for name in list(waiting.values_list("name", flat=True)):
        with transaction.atomic():
            line = _offer_if_judged(name)
        if line:
            lines.append(line)
    return lines


def _offer_if_judged(name: str) -> str:
    """Enable what was only off because a safety phase had no handler, and now has."""
    row = _locked(name)
    model = None if row is None or row.stable is None else model_in(row.stable, name)
    if row is None or row.because != RegisteredModel.Because.UNSAFE:
        return ""  # another process was faster
    if model is None or missing_phases(model):
        return ""
    before = state_of(row)
    row.move_to(RegisteredModel.State.ENABLED, at=now())
    row.save()
    reason = "its safety phases are handled now"
    changed(row, Action.MODEL_ENABLED, before=before, actor=REGISTRY, reason=reason)
    return f"{name}: enabled, {reason}"


def _take_up(model: Model) -> str:
    row = _locked(model.name)
    if row is None:
        row = _new_row(model, is_shipped=True, actor=REGISTRY)
        return f"{model.name}: added at {model.version}, {row.state}"
    if row.versions.filter(version=model.version).exists():
        return ""  # another process was faster
    version = _add_version(row, model, is_shipped=True, actor=REGISTRY)
    if not row.follows_shipped:
        return f"{model.name}: {model.version} is there; its aliases are an operator's"
    before = state_of(row)
    if row.stable is not None:
        # What it ran on was replaced by this release, so it cannot be asked for any more.
        ModelVersion.objects.filter(pk=row.stable.pk).update(is_open=False)
    _open(version)
    row.stable = version
    row.changed_at = now()
    row.save(update_fields=["stable", "changed_at"])
    changed(row, Action.MODEL_ALIASED, before=before, actor=REGISTRY, reason="a new release")
    return f"{model.name}: {model.version} is stable"


def _locked(name: str) -> RegisteredModel | None:
    return (
        RegisteredModel.objects.select_for_update(of=["self"])
        .select_related("stable", "canary")
        .filter(name=name)
        .first()
    )


def _new_row(model: Model, *, is_shipped: bool, actor: Actor) -> RegisteredModel:
    unhandled = missing_phases(model)
    is_enabled = model.is_enabled and not unhandled
    RegisteredModel.objects.bulk_create(
        [
            RegisteredModel(
                name=model.name,
                state="enabled" if is_enabled else "disabled",
                because="" if is_enabled else "unsafe" if model.is_enabled else "new",
                reason=""
                if is_enabled or not unhandled
                else f"nobody handles {', '.join(unhandled)}",
                is_shipped=is_shipped,
                follows_shipped=is_shipped,
                changed_at=now(),
            )
        ],
        # Two processes that start at once: one adds it, the other finds it.
        ignore_conflicts=True,
    )
    row = RegisteredModel.objects.select_for_update().get(name=model.name)
    if row.stable_id is not None:
        return row
    version = ModelVersion.objects.create(
        model=row,
        version=model.version,
        document=dict(model.document),
        is_shipped=is_shipped,
        is_open=True,
    )
    row.stable = version
    row.save(update_fields=["stable"])
    logger.info("model %s was added at %s, %s", row.name, model.version, row.state)
    changed(row, Action.MODEL_ADDED, before=None, actor=actor)
    return row


def _add_version(
    row: RegisteredModel, model: Model, *, is_shipped: bool, actor: Actor
) -> ModelVersion:
    version, is_new = ModelVersion.objects.get_or_create(
        model=row,
        version=model.version,
        defaults={"document": dict(model.document), "is_shipped": is_shipped},
    )
    if is_new:
        changed(
            row,
            Action.MODEL_ADDED,
            before=state_of(row),
            actor=actor,
            after={"version": model.version},
        )
    return version


def _open(version: ModelVersion) -> None:
    version.is_open = True
    version.save(update_fields=["is_open"])
