"""What a preset makes of a request for a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from generation.app.models import PresetVersion
from generation.app.presets.selectors import version_for
from generation.app.presets.words import wording_of
from generation.core.catalogue import NEGATIVE_PROMPT, Problem, parse_asked
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import FieldError, InvalidInput, NotFound


class Request(Protocol):
    """What of a request for a job matters here; see `services.JobRequest`."""

    @property
    def model_name(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, object]: ...
    @property
    def preset_id(self) -> UUID | None: ...
    @property
    def preset_number(self) -> int | None: ...
    @property
    def variables(self) -> Mapping[str, object]: ...
    @property
    def style(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Composed:
    """A request with its preset's words in it; nothing is checked against the model yet."""

    model_name: str
    prompt: str
    parameters: Mapping[str, object]
    style: str
    preset_version_id: UUID | None = None


def composed(viewer: Viewer, request: Request, *, seed: int) -> Composed:
    """Return what a request asks for; the same request and seed give the same words.

    Raises:
        InvalidInput: with a pointer: no such preset for this viewer, another model than the
            preset's, a prompt beside a preset, or variables that do not fit.
    """
    if request.preset_id is None:
        if request.variables or request.preset_number is not None:
            problem = Problem("/preset", "required", "a version and variables belong to a preset")
            raise _refused([problem])
        if not request.model_name:
            raise _refused([Problem("/model", "required", "name a model or a preset")])
        return Composed(request.model_name, request.prompt, request.parameters, request.style or "")
    version = _version(viewer, request.preset_id, request.preset_number)
    problems = []
    if request.prompt.strip():
        message = "the preset writes the prompt; fill its variables instead"
        problems.append(Problem("/prompt", "not_taken", message))
    wanted, own = parse_asked(request.model_name or version.model_name), version.model_name
    if wanted.name != parse_asked(own).name:
        problems.append(Problem("/model", "not_taken", f"the preset is for {own}"))
    filled, found = wording_of(version).fill(request.variables, seed=seed)
    problems += found
    if filled is None or problems:
        raise _refused(problems)
    parameters: dict[str, object] = dict(version.parameters)
    if filled.negative_prompt.strip():
        parameters[NEGATIVE_PROMPT] = filled.negative_prompt
    return Composed(
        model_name=request.model_name or own,
        prompt=filled.prompt,
        parameters={**parameters, **request.parameters},
        style=version.style if request.style is None else request.style,
        preset_version_id=version.pk,
    )


def _version(viewer: Viewer, preset_id: UUID, number: int | None) -> PresetVersion:
    try:
        version = version_for(viewer, preset_id, number)
    except NotFound as error:
        pointer = "/preset" if number is None else "/preset_version"
        message = "there is no such preset or version, or you may not see it"
        raise _refused([Problem(pointer, "unknown_preset", message)]) from error
    if version.preset.archived_at is not None:
        raise _refused([Problem("/preset", "preset_archived", "this preset is archived")])
    return version


def _refused(problems: list[Problem]) -> InvalidInput:
    return InvalidInput(
        "The request does not fit its preset.",
        errors=[FieldError(item.pointer, item.code, item.message) for item in problems],
    )
