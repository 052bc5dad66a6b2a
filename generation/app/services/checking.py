"""Whether a request fits its model, its asker and the clock."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from generation.app.inputs import Given, given, words_of
from generation.app.presets.use import Composed, composed
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
from generation.core.prompting import styled
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

    With a preset (`preset_number`: its version, else the newest that one sees) the words come from
    there, and `variables` fill them; what is given here counts more than what the preset sets.
    `style` is a name of the model's, empty for none; None leaves it to the preset.
    """

    model_name: str
    prompt: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None
    priority: int = 0
    outputs: int = 1
    parent_id: UUID | None = None
    cancel_after: timedelta | None = None
    deadline: datetime | None = None
    preset_id: UUID | None = None
    preset_number: int | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that fits its model: clean words, every parameter, its last moment.

    `model` is the version that the request gets, `seed` the one given or a random one, `pictures`
    what it works on; `prompt` and `parameters` are what preset and style made of the request,
    `whole` is the request with its preset's words in it.
    """

    request: JobRequest
    whole: Composed
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
    seed = request.seed
    if seed is None or check_seed(seed):
        # Of a seed that is none, `_check` complains with all the rest.
        seed = secrets.randbelow(LARGEST_SEED + 1)
    whole = composed(viewer, request, seed=seed)
    model = resolve(whole.model_name, organisation_id=None, seed=None)
    return _check(viewer, request, whole, model, seed)


def drawn(viewer: Viewer, checked: Checked, *, organisation_id: UUID) -> Checked:
    """Return the request as the version takes it that this organisation and seed get.

    Raises:
        InvalidInput: that version is a canary, and the request does not fit it.
    """
    request, whole = checked.request, checked.whole
    model = resolve(whole.model_name, organisation_id=organisation_id, seed=checked.seed)
    if model.version == checked.model.version:
        return checked
    return _check(viewer, request, whole, model, checked.seed)


def _check(
    viewer: Viewer, request: JobRequest, whole: Composed, model: Model, seed: int
) -> Checked:
    prompt, problems = check_prompt(model, whole.prompt)
    asked = whole.parameters
    if whole.style:
        styled_prompt, asked, found = styled(model, whole.style, prompt, asked)
        problems += found
        if not problems:
            prompt, problems = check_prompt(model, styled_prompt)
    values, found = check_parameters(model, asked)
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
        raise _refused(problems)
    return Checked(
        request=request,
        whole=whole,
        model=model,
        prompt=words_of(model, prompt, pictures),
        seed=seed,
        parameters=values,
        cancel_at=cancel_at,
        pictures=pictures,
    )


def _refused(problems: Sequence[Problem]) -> InvalidInput:
    return InvalidInput(
        "The request does not fit the model.",
        errors=[FieldError(item.pointer, item.code, item.message) for item in problems],
    )


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
