"""Whether a request fits its model, its asker and the clock."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from generation.app.inputs import Given, given, words_of
from generation.app.registry.selectors import resolve
from generation.core.catalogue import (
    LARGEST_SEED,
    Model,
    Problem,
    check_parameters,
    check_prompt,
    check_seed,
)
from generation.core.catalogue.model import Value
from tidegate.accounts.viewers import Viewer
from tidegate.assets.selectors import visible_to
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput

PRIORITIES = range(-10, 11)
SHORTEST_CANCEL_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What one job is asked to be.

    `parent_id` is the asset that this is a remix of. The job is cancelled `cancel_after` its
    acceptance, or at its `deadline`, whichever comes first, unless it ended before.
    """

    model_name: str
    prompt: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None
    priority: int = 0
    outputs: int = 1
    parent_id: UUID | None = None
    cancel_after: timedelta | None = None
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that fits its model: clean words, every parameter, its last moment.

    `model` is the version that the request gets, `seed` the one given or a random one, `pictures`
    what it works on.
    """

    request: JobRequest
    model: Model
    prompt: str
    seed: int
    parameters: dict[str, Value]
    cancel_at: datetime | None
    pictures: tuple[Given, ...] = ()


def check_request(viewer: Viewer, request: JobRequest) -> Checked:
    """Return what a request comes to, before a canary may take its share; see `drawn`.

    Raises:
        InvalidInput: with a pointer for every field that is wrong.
    """
    model = resolve(request.model_name, organisation_id=None, seed=None)
    return _check(viewer, request, model, request.seed)


def drawn(viewer: Viewer, checked: Checked, *, organisation_id: UUID) -> Checked:
    """Return the request as the version takes it that this organisation and seed get.

    Raises:
        InvalidInput: that version is a canary, and the request does not fit it.
    """
    request = checked.request
    model = resolve(request.model_name, organisation_id=organisation_id, seed=checked.seed)
    if model.version == checked.model.version:
        return checked
    return _check(viewer, request, model, checked.seed)


def _check(viewer: Viewer, request: JobRequest, model: Model, seed: int | None) -> Checked:
    prompt, problems = check_prompt(model, request.prompt)
    values, found = check_parameters(model, request.parameters)
    problems += found
    pictures, found = given(viewer, model, values)
    problems += found
    if request.seed is not None:
        problems += check_seed(request.seed)
    problems += _check_whole("/priority", request.priority, PRIORITIES)
    problems += _check_whole("/outputs", request.outputs, range(1, model.limits.outputs + 1))
    cancel_at, found = _last_moment(request)
    problems += found
    problems += _check_parent(viewer, request.parent_id)
    if problems:
        raise InvalidInput(
            "The request does not fit the model.",
            errors=[FieldError(item.pointer, item.code, item.message) for item in problems],
        )
    chosen = secrets.randbelow(LARGEST_SEED + 1) if seed is None else seed
    words = words_of(model, prompt, pictures)
    return Checked(request, model, words, chosen, values, cancel_at, pictures)


def _check_whole(pointer: str, value: object, allowed: range) -> list[Problem]:
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        bounds = f"from {allowed[0]} to {allowed[-1]}"
        return [Problem(pointer, "out_of_range", f"the {pointer[1:]} must be {bounds}")]
    return []


def _last_moment(request: JobRequest) -> tuple[datetime | None, list[Problem]]:
    at = now()
    moments = []
    if request.cancel_after is not None:
        if request.cancel_after < SHORTEST_CANCEL_AFTER:
            return None, [Problem("/cancel_after", "out_of_range", "at least five seconds")]
        moments.append(at + request.cancel_after)
    if request.deadline is not None:
        if request.deadline <= at:
            return None, [Problem("/deadline", "in_the_past", "this moment has passed")]
        moments.append(request.deadline)
    return min(moments, default=None), []


def _check_parent(viewer: Viewer, parent_id: UUID | None) -> list[Problem]:
    """What one may not see, one cannot remix: the same answer as for what does not exist."""
    if parent_id is None or visible_to(viewer).filter(pk=parent_id).exists():
        return []
    return [Problem("/parent", "unknown_parent", "there is no such asset, or you may not see it")]
