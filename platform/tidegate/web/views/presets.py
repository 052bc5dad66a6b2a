"""Presets: kept from the studio's form, listed, looked at, changed and published."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generation.app.models import PresetVersion
from generation.app.presets import publishing, selectors
from generation.app.presets.services import add_version, create_preset, editable
from generation.app.presets.words import PresetWords
from generation.core.catalogue import NEGATIVE_PROMPT, Model
from generation.core.prompting import TemplateRefused
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import Conflict, FieldError, InvalidInput, TidegateError
from tidegate.projects.selectors import standing
from tidegate.web import words
from tidegate.web.errors import restricted
from tidegate.web.preset_fields import Form, form_of
from tidegate.web.preset_texts import Texts, model_named, sent_texts, texts_of, words_of
from tidegate.web.presets import (
    kept_parameters,
    public_numbers,
    settings_of,
    state_of,
    translated,
    variables_in,
)
from tidegate.web.reading import chosen_model, given_values, read_number, read_uuid, style_of
from tidegate.web.viewers import signed_in

A_PAGE = 30
# As the other forms of the pages answer.
_STATUS = {400: 422}
_LEVELS = {"public": messages.SUCCESS, "refused": messages.ERROR}


@dataclass(frozen=True, slots=True)
class Said:
    """A form as somebody sent it, and why it was refused."""

    texts: Texts
    error: TidegateError


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def presets(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """List what the viewer keeps, or keep what the studio's form says."""
    if request.method == "POST":
        return _keep(request, viewer)
    rows = Paginator(selectors.own_presets(viewer).filter(archived_at=None), A_PAGE)
    shown = rows.get_page(request.GET.get("page"))
    newest = selectors.shown_versions(viewer, shown.object_list)
    listed = [newest[preset.pk] for preset in shown.object_list if preset.pk in newest]
    public = public_numbers(viewer, shown.object_list)
    context = {
        "section": "studio",
        "viewer": viewer,
        "page": shown,
        "listed": [
            {
                "version": version,
                "state": state_of(version),
                "model": translated(model_named(version)),
                "public": public.get(version.preset_id),
            }
            for version in listed
        ],
    }
    return render(request, "web/presets.html", context)


@require_safe
@signed_in
def preset(request: HttpRequest, viewer: Viewer, preset_id: UUID) -> HttpResponse:
    """Show one version of a preset, the newest where none is named, and what may be done."""
    asked = request.GET.get("version", "")
    number = read_number(asked, "/version") if asked else None
    return _page(request, viewer, selectors.version_for(viewer, preset_id, number))


@require_POST
@signed_in
def write(request: HttpRequest, viewer: Viewer, preset_id: UUID) -> HttpResponse:
    """Write the next version; what is wrong is said at its field, and nothing typed is lost."""
    editable(viewer, preset_id)
    base = selectors.version_for(
        viewer, preset_id, read_number(request.POST.get("base", ""), "/base")
    )
    texts = sent_texts(request.POST)
    try:
        latest = read_number(request.POST.get("latest", ""), "/latest")
        version = add_version(
            viewer=viewer, preset_id=preset_id, words=words_of(texts, base), latest=latest
        )
    except (InvalidInput, Conflict) as error:
        return _page(request, viewer, base, Said(texts, error))
    if version.number == latest:
        messages.info(request, gettext("Nothing was changed, so there is no new version."))
    else:
        said = gettext("Version %(number)s is kept. It is not public until it is published.")
        messages.success(request, said % {"number": version.number})
    return redirect(f"/studio/presets/{preset_id}")


@require_POST
@signed_in
def publish(request: HttpRequest, viewer: Viewer, preset_id: UUID) -> HttpResponse:
    """Ask the gate about a version and say what it answered."""
    editable(viewer, preset_id)
    number = read_number(request.POST.get("version", ""), "/version")

    def ask() -> tuple[int, str]:
        version = publishing.publish_version(viewer=viewer, preset_id=preset_id, number=number)
        told = words.word(words.PRESET_ANSWERS, version.publication)
        return _LEVELS.get(version.publication, messages.WARNING), told

    return _back_to(request, f"/studio/presets/{preset_id}?version={number}", ask)


@require_POST
@signed_in
def withdraw(request: HttpRequest, viewer: Viewer, preset_id: UUID) -> HttpResponse:
    """Take every public version out of others' sight."""

    def take() -> tuple[int, str]:
        publishing.withdraw_preset(viewer=viewer, preset_id=preset_id)
        return messages.SUCCESS, gettext("Others do not see it any more.")

    return _back_to(request, f"/studio/presets/{preset_id}", take)


def _back_to(
    request: HttpRequest, address: str, act: Callable[[], tuple[int, str]]
) -> HttpResponse:
    """Do it and show the preset again, with what came of it or why it could not be done."""
    try:
        level, told = act()
    except Conflict as error:
        level, told = messages.ERROR, _sentence(error)
    messages.add_message(request, level, told)
    return redirect(address)


def _page(
    request: HttpRequest, viewer: Viewer, version: PresetVersion, said: Said | None = None
) -> HttpResponse:
    preset = version.preset
    versions = list(selectors.versions_for(viewer, preset.pk))
    may_edit = preset.pk in selectors.edited_by(viewer, [preset])
    is_inside = preset.pk in selectors.read_inside_by(viewer, [preset])
    is_public = version.publication == PresetVersion.Publication.PUBLIC
    model = translated(model_named(version))
    styles = () if model is None else model.styles
    context = {
        "section": "studio",
        "viewer": viewer,
        "version": version,
        "model": model,
        "style": next((one.title for one in styles if one.name == version.style), version.style),
        "versions": [(one, state_of(one)) for one in versions],
        "latest": versions[0].number,
        "state": state_of(version),
        "reasons": version.reasons if is_inside else (),
        "taken_down_because": preset.taken_down_because if is_inside else "",
        "may_publish": may_edit and not is_public and publishing.is_askable(version),
        "may_withdraw": may_edit
        and any(one.publication == PresetVersion.Publication.PUBLIC for one in versions),
        "form": _form(version, model, said) if may_edit and preset.archived_at is None else None,
        "is_stale": said is not None and said.error.code == "preset_changed",
        "message": "" if said is None else _sentence(said.error),
    }
    status = 200 if said is None else _STATUS.get(said.error.status, said.error.status)
    return render(request, "web/preset.html", context, status=status)


def _form(version: PresetVersion, model: Model | None, said: Said | None) -> Form:
    if said is None:
        return form_of(texts_of(version), model)
    return form_of(said.texts, model, getattr(said.error, "errors", ()))


def _sentence(error: TidegateError) -> str:
    """Return what was wrong in the reader's language, where there are words for it."""
    known = words.PRESET_ERRORS.get(error.code)
    return str(error) if known is None else str(known)


def _keep(request: HttpRequest, viewer: Viewer) -> HttpResponse:
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
        context = {
            "message": restricted(error) or str(error),
            "errors": getattr(error, "errors", []),
        }
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
