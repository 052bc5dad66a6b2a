"""The studio: ask for something, watch it come, see it pass the gate."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from generation.app import selectors, services
from generation.app.models import Job
from generation.app.registry.selectors import offered_models
from generation.core.catalogue import Model
from tidegate.accounts.viewers import Viewer
from tidegate.assets import selectors as assets
from tidegate.ledger.selectors import balances_of
from tidegate.primitives.errors import InvalidInput, NotFound, TidegateError
from tidegate.projects.models import Project
from tidegate.projects.selectors import generating_projects
from tidegate.web import presets
from tidegate.web.cards import cards_of
from tidegate.web.errors import restricted
from tidegate.web.pictures import pictures_at_start
from tidegate.web.reading import chosen_model, given_values, read_uuid, style_of
from tidegate.web.viewers import signed_in

RECENT_JOBS = 12
MOST_OUTPUTS = 4
_ORDER = {name: place for place, name in enumerate(("text", "image", "speech", "music", "video"))}
IDEAS = {
    # English in every language: the model that comes with the product writes no other.
    "text": (
        "Write a product blurb for a warm blue raincoat.",
        "Explain why the sea is salty",
        "A short note to a friend",
    ),
    "image": (_("a cute panda"), _("a birthday cake with candles"), _("a rocket")),
    "speech": (
        _("Welcome aboard. The next stop is the harbour."),
        _("Please come back before sunset."),
    ),
    "music": (_("a lively Irish jig in D"), _("a sad waltz for accordion"), _("a calm air")),
    "video": (_("a red rocket"), _("the sun"), _("a castle")),
}


@require_safe
@signed_in
def studio(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the form and the viewer's latest jobs."""
    jobs = list(
        selectors.jobs_visible_to(viewer)
        # The parts of a composition are shown together, on its own page.
        .filter(requested_by_id=viewer.user_id, whole_id=None)
        .order_by("-pk")[:RECENT_JOBS]
    )
    models = [
        model.translated(get_language() or "en")
        for model in sorted(offered_models().values(), key=_place)
    ]
    projects = list(generating_projects(viewer))
    start = _start_values(request, viewer, models)
    return render(
        request,
        "web/studio.html",
        {
            "section": "studio",
            "viewer": viewer,
            # A preset is for one model.
            "models": [m for m in models if "preset" not in start or m.name == start["model"]],
            "presets": presets.listed(viewer),
            "projects": projects,
            "balances": balances_of({project.organisation_id for project in projects}),
            "cards": cards_of(viewer, jobs),
            "start": {
                "ideas": IDEAS,
                "project": _project_to_start_with(projects, jobs),
                "outputs": range(1, MOST_OUTPUTS + 1),
                "wanted": 1,
                "needs_prompt": "preset" not in start
                and all(m.needs_prompt for m in models if m.name == start.get("model")),
                "pictures": pictures_at_start(viewer, models, start["values"]),
                **start,
            },
        },
    )


@require_POST
@signed_in
def submit(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Accept the form: a fresh card, or the form's errors with status 422."""
    try:
        job = services.submit_request(
            viewer=viewer,
            project_id=read_uuid(request.POST.get("project", ""), "/project_id"),
            request=_request(viewer, request.POST),
        )
    except TidegateError as error:
        context = {
            "message": restricted(error) or str(error),
            "errors": getattr(error, "errors", []),
        }
        return render(request, "web/parts/form_errors.html", context, status=422)
    (card,) = cards_of(viewer, [job])
    return render(request, "web/parts/job.html", {"card": card})


def _request(viewer: Viewer, form: QueryDict) -> services.JobRequest:
    """Return what the form asks for; with a preset its variables are in the prompt's place."""
    model = chosen_model(form.get("model", ""))
    style, parent = style_of(form, model), form.get("parent", "")
    wanted = services.JobRequest(
        model_name=model.name,
        prompt=form.get("prompt", ""),
        parameters=presets.settings_of(model, style, given_values(form, model)),
        seed=_seed(form.get("seed", "")),
        outputs=_outputs(form.get("outputs", "")),
        parent_id=read_uuid(parent, "/parent") if parent else None,
        style=style,
    )
    wanted_preset = form.get("preset", "")
    if not wanted_preset:
        return wanted
    found = presets.filling(viewer, wanted_preset, form.get("preset_version", ""))
    if found is None:
        raise InvalidInput(
            "This preset is no longer there.", code="unknown_preset", pointer="/preset"
        )
    return presets.filled(wanted, found, form)


@require_safe
@signed_in
def job_card(request: HttpRequest, viewer: Viewer, job_id: UUID) -> HttpResponse:
    """Return one job's card as it is now; 204 when the page already `seen` it so."""
    (card,) = cards_of(viewer, [selectors.job_for(viewer, job_id)])
    if card.assets and card.standing == request.GET.get("seen"):
        return HttpResponse(status=204)
    # What was under the veil a moment ago is unveiled; after a reload it is simply there.
    return render(request, "web/parts/job.html", {"card": card, "is_fresh": True})


@require_POST
@signed_in
def cancel(request: HttpRequest, viewer: Viewer, job_id: UUID) -> HttpResponse:
    """Cancel a job and return its card."""
    (card,) = cards_of(viewer, [services.cancel_job(viewer=viewer, job_id=job_id)])
    return render(request, "web/parts/job.html", {"card": card})


def _project_to_start_with(projects: list[Project], jobs: list[Job]) -> UUID | None:
    """Return the project of the latest job, else a public one, else any."""
    offered = [project.pk for project in projects]
    latest = next((job.project_id for job in jobs if job.project_id in offered), None)
    public = (project.pk for project in projects if project.audience == Project.Audience.PUBLIC)
    return latest or next(public, None) or next(iter(offered), None)


def _start_values(request: HttpRequest, viewer: Viewer, models: list[Model]) -> dict[str, Any]:
    """Return what the form starts with.

    `?from=ASSET` takes over a visible asset's settings; `?remix=ASSET` too, and names it as the
    parent, so that its author is credited. `?again=JOB` takes over a whole request of one's own,
    whatever became of it.
    """
    fresh: dict[str, Any] = {"values": {}}
    if models:
        fresh |= {"model": models[0].name, "modality": models[0].modality}
    if again := request.GET.get("again", ""):
        try:
            return {**fresh, **_again(viewer, read_uuid(again, "/again"), models)}
        except (InvalidInput, NotFound):
            return fresh
    chosen = presets.filling(viewer, request.GET.get("preset", ""))
    if chosen is not None:
        return {**fresh, **presets.start_of(chosen, models)}
    remixed = request.GET.get("remix", "")
    try:
        source = assets.asset_for(
            viewer, read_uuid(remixed or request.GET.get("from", ""), "/from")
        )
    except (InvalidInput, NotFound):
        return {**fresh, "prompt": request.GET.get("prompt", "")[:2000]}
    taken = {"prompt": source.prompt, "parent": source if remixed else None}
    if source.model_name not in {model.name for model in models}:
        return {**fresh, **taken}
    values = {
        f"{source.model_name}.{name}": value
        for name, value in assets.parameters_of(viewer, source).items()
    }
    return {
        **taken,
        "model": source.model_name,
        "modality": source.modality,
        # The same seed would only make the same thing again.
        "seed": None if remixed else source.seed,
        "values": values,
    }


def _again(viewer: Viewer, job_id: UUID, models: list[Model]) -> dict[str, Any]:
    """Return a request of the viewer's own as the form's values; of somebody else's, nothing."""
    job = selectors.job_for(viewer, job_id)
    if job.requested_by_id != viewer.user_id:
        raise NotFound("There is no such job.", code="job_not_found")
    # A parent that was taken out of sight since is not named again.
    parents = assets.visible_to(viewer).select_related("owner")
    parent = None if job.parent_id is None else parents.filter(pk=job.parent_id).first()
    taken = {"prompt": job.prompt, "project": job.project_id, "parent": parent}
    if job.model_name not in {model.name for model in models}:
        return taken
    return {
        **taken,
        "model": job.model_name,
        "modality": job.modality,
        "seed": job.seed,
        "wanted": job.outputs_wanted,
        "values": {f"{job.model_name}.{name}": value for name, value in job.parameters.items()},
    }


def _place(model: Model) -> tuple[int, bool]:
    """Sort by modality, and what needs a picture behind what begins with words alone."""
    needs_picture = any(not parameter.is_optional for parameter in model.image_parameters)
    return _ORDER[model.modality], needs_picture


def _seed(text: str) -> int | None:
    """Return the seed; an empty field asks for a random one."""
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError as error:
        raise InvalidInput(
            "The seed is a whole number.", code="invalid_seed", pointer="/seed"
        ) from error


def _outputs(text: str) -> int:
    """Return how many outputs are asked for; one where the form does not say."""
    try:
        return int(text or 1)
    except ValueError as error:
        raise InvalidInput(
            "The number of outputs is a whole number.", code="invalid_number", pointer="/outputs"
        ) from error
