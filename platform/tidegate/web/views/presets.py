"""Keeping what the studio's form says as a preset."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from generation.app.presets.services import create_preset
from generation.app.presets.words import PresetWords
from generation.core.catalogue import NEGATIVE_PROMPT
from generation.core.prompting import TemplateRefused
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import FieldError, InvalidInput, TidegateError
from tidegate.projects.selectors import standing
from tidegate.web.presets import kept_parameters, settings_of, variables_in
from tidegate.web.reading import chosen_model, given_values, read_uuid, style_of
from tidegate.web.viewers import signed_in


@require_POST
@signed_in
def keep(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Keep the form's words and settings as a preset: a line that says so, or the errors, 422."""
    try:
        version = create_preset(
            viewer=viewer,
            organisation_id=standing(
                viewer, read_uuid(request.POST.get("project", ""), "/project_id")
            ).project.organisation_id,
            scope=_scope(request),
            words=_words(request),
        )
    except TidegateError as error:
        context = {"message": str(error), "errors": getattr(error, "errors", [])}
        return render(request, "web/parts/form_errors.html", context, status=422)
    return render(request, "web/parts/preset_kept.html", {"version": version})


def _scope(request: HttpRequest) -> str:
    scope = request.POST.get("preset_scope", "user")
    if scope not in {"user", "organisation"}:
        raise InvalidInput("There is no such choice.", code="unknown_choice", pointer="/scope")
    return scope


def _words(request: HttpRequest) -> PresetWords:
    model = chosen_model(request.POST.get("model", ""))
    prompt = request.POST.get("prompt", "").strip()
    style = style_of(request.POST, model)
    values = settings_of(model, style, given_values(request.POST, model))
    try:
        variables = variables_in(prompt)
    except TemplateRefused as error:
        problem = FieldError("/prompt", "invalid_template", str(error))
        raise InvalidInput("The preset does not hold.", errors=[problem]) from error
    return PresetWords(
        name=request.POST.get("preset_name", ""),
        model_name=model.name,
        prompt=prompt,
        # What the form says is meant word for word.
        negative_prompt=_escaped(str(values.get(NEGATIVE_PROMPT, ""))),
        style=style,
        parameters=kept_parameters(model, values),
        variables=variables,
    )


def _escaped(text: str) -> str:
    return "".join(f"\\{one}" if one in "{}|\\" else one for one in text)
