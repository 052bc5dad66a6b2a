"""Which models there are, which version a request means, and what a worker runs."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import QuerySet

from generation.app.models import ModelVersion, RegisteredModel
from generation.app.registry.snapshot import Offer, model_in, snapshot
from generation.core.catalogue import (
    CANARY,
    STABLE,
    Asked,
    Model,
    gets_canary,
    parse_asked,
)
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed, NotFound

READERS = frozenset({"policy_admin", "auditor"})
"""The staff roles that see the registry; policy admins also change it."""


def offered_models() -> Mapping[str, Model]:
    """Return the stable version of every model that may be asked for, by name.

    No query but one every two seconds, see `snapshot`.
    """
    at = now()
    return {
        offer.name: offer.stable for offer in snapshot().offers.values() if offer.is_offered(at)
    }


def offer_of(name: str) -> Offer | None:
    """Return what the registry says of a model, offered or not."""
    return snapshot().offers.get(name)


def described(name: str) -> Model | None:
    """Return the words and figures of a model, offered or not; None for one nobody knows."""
    offer = offer_of(name)
    return None if offer is None else offer.stable


def resolve(asked: str, *, organisation_id: UUID | None, seed: int | None) -> Model:
    """Return the version that a request means: `NAME`, `NAME@stable`, `@canary` or `@VERSION`.

    Without an organisation nobody gets a canary by share.

    Raises:
        InvalidInput: at `/model`: there is no such model or version, or it is not offered.
    """
    parsed = parse_asked(asked)
    offer = offer_of(parsed.name)
    if offer is None:
        raise _refused("unknown_model", f"one of {', '.join(offered_models())}")
    if not offer.is_offered(now()):
        raise _refused("model_disabled", offer.reason or "it is switched off at the moment")
    return _version_asked(offer, parsed, organisation_id, seed)


def model_of(name: str, version: str) -> Model | None:
    """Return what a worker runs for a job; None when the model is no longer offered.

    An empty version, of a job older than versions, is the stable one.
    """
    offer = offer_of(name)
    if offer is None or not offer.is_enabled or offer.missing_phases:
        return None
    return known_version(name, version)


def known_version(name: str, version: str) -> Model | None:
    """Return one version of a model, offered or not; None when there never was one."""
    offer = offer_of(name)
    if offer is not None:
        for model in (offer.stable, offer.canary):
            if model is not None and version in {"", model.version}:
                return model
    row = ModelVersion.objects.filter(model__name=name, version=version).first()
    return None if row is None else model_in(row, name)


def registered(viewer: Viewer) -> list[Offer]:
    """Return every model, offered or not, by name. For policy admins and auditors."""
    require_reader(viewer)
    return sorted(snapshot().offers.values(), key=lambda offer: offer.name)


def registered_model(viewer: Viewer, name: str) -> Offer:
    """Return one model, offered or not, or raise NotFound. For policy admins and auditors."""
    require_reader(viewer)
    return require_model(name)


def versions_of(viewer: Viewer, name: str) -> QuerySet[ModelVersion]:
    """Return a model's versions, newest first. For policy admins and auditors."""
    require_reader(viewer)
    return ModelVersion.objects.filter(model__name=name).select_related("model").order_by("-pk")


def crash_log(viewer: Viewer, name: str) -> str:
    """Return what the server said when the model crashed; empty if it did not."""
    require_reader(viewer)
    log = RegisteredModel.objects.filter(name=name).values_list("crash_log", flat=True).first()
    return log or ""


def require_reader(viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer may look into the registry."""
    if not (viewer.is_system or viewer.has_role(READERS)):
        raise NotAllowed(
            "The registry is for policy admins and auditors.", code="registry_staff_only"
        )


def require_model(name: str) -> Offer:
    """Return what the registry says of a model, or raise NotFound."""
    offer = offer_of(name)
    if offer is None:
        raise NotFound(f"There is no model {name[:80]!r}.", code="unknown_model")
    return offer


def _version_asked(
    offer: Offer, asked: Asked, organisation_id: UUID | None, seed: int | None
) -> Model:
    if asked.alias == STABLE:
        return offer.stable
    if asked.alias == CANARY:
        return offer.canary or offer.stable
    if asked.alias:
        return _open_version(offer, asked.alias)
    if (
        offer.canary is not None
        and organisation_id is not None
        and gets_canary(
            model=offer.name,
            canary=offer.canary.version,
            percent=offer.canary_percent,
            organisation=str(organisation_id),
            seed=seed,
        )
    ):
        return offer.canary
    return offer.stable


def _open_version(offer: Offer, version: str) -> Model:
    for model in (offer.stable, offer.canary):
        if model is not None and model.version == version:
            return model
    row = ModelVersion.objects.filter(
        model__name=offer.name, version=version[:64].replace("\x00", ""), is_open=True
    ).first()
    model = None if row is None else model_in(row, offer.name)
    if model is None:
        raise _refused("unknown_version", f"{offer.name} has no such version that is offered")
    return model


def _refused(code: str, message: str) -> InvalidInput:
    words = {
        "unknown_model": "There is no such model.",
        "unknown_version": "There is no such version of the model.",
        "model_disabled": "The model is not offered at the moment.",
    }
    return InvalidInput(words[code], errors=[FieldError("/model", code, message)])
