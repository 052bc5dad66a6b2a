"""Compositions: choose a recipe, fill in its form, see each part come and pass the gate."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from generation.app.compositions import selectors, services
from generation.app.compositions.offers import offered_recipes, recipe_asked_for
from generation.app.compositions.selectors import CompositionSeen
from generation.app.registry.selectors import offered_models
from generation.core.recipes import Recipe, prices_of
from tidegate.accounts.viewers import Viewer
from tidegate.ledger.selectors import balances_of
from tidegate.primitives.errors import InvalidInput, NotFound, TidegateError
from tidegate.projects.models import Project
from tidegate.projects.selectors import generating_projects
from tidegate.web.errors import restricted
from tidegate.web.pictures import Picture
from tidegate.web.recipe_forms import fields_of, read_inputs
from tidegate.web.viewers import signed_in

RECENT = 12


@require_safe
@signed_in
def compositions(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the recipes, the form of one of them, and the viewer's latest compositions."""
    language = get_language() or "en"
    recipes = [recipe.translated(language) for recipe in offered_recipes().values()]
    name, start = _start(request, viewer)
    chosen = next((one for one in recipes if one.name == name), recipes[0] if recipes else None)
    mine = selectors.compositions_visible_to(viewer).filter(requested_by_id=viewer.user_id)
    projects = list(generating_projects(viewer))
    return render(
        request,
        "web/compositions.html",
        {
            "section": "compositions",
            "viewer": viewer,
            "recipes": recipes,
            "chosen": chosen,
            "fields": fields_of(chosen, start) if chosen else (),
            "pictures": _pictures(chosen, start),
            "at_most": _at_most(chosen),
            "projects": projects,
            "project": _project_to_start_with(projects),
            "balances": balances_of({project.organisation_id for project in projects}),
            "seen": selectors.seen_by(viewer, list(mine[:RECENT]), language=language),
        },
    )


@require_POST
@signed_in
def submit(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Accept the form and go to the composition, or answer with its errors and status 422."""
    try:
        recipe = recipe_asked_for(request.POST.get("recipe", ""))
        composition = services.submit_composition(
            viewer=viewer,
            project_id=_project(request.POST.get("project", "")),
            recipe_name=recipe.name,
            inputs=read_inputs(recipe, request.POST.dict()),
        )
    except TidegateError as error:
        context = {
            "message": restricted(error) or str(error),
            "errors": getattr(error, "errors", []),
        }
        return render(request, "web/parts/form_errors.html", context, status=422)
    return HttpResponseClientRedirect(f"/compositions/{composition.pk}")


@require_safe
@signed_in
def composition(request: HttpRequest, viewer: Viewer, composition_id: UUID) -> HttpResponse:
    """Show one composition with all of its parts."""
    seen = _seen(viewer, composition_id)
    context = {
        "section": "compositions",
        "viewer": viewer,
        "seen": seen,
        "standing": _standing(seen),
        "is_asker": seen.composition.requested_by_id == viewer.user_id,
    }
    return render(request, "web/composition.html", context)


@require_safe
@signed_in
def card(request: HttpRequest, viewer: Viewer, composition_id: UUID) -> HttpResponse:
    """Return a composition's parts as they are now; 204 when the page already `seen` them so."""
    seen = _seen(viewer, composition_id)
    standing = _standing(seen)
    if standing == request.GET.get("seen"):
        return HttpResponse(status=204)
    return _card(request, viewer, seen, standing)


@require_POST
@signed_in
def cancel(request: HttpRequest, viewer: Viewer, composition_id: UUID) -> HttpResponse:
    """Cancel a composition and return its parts."""
    services.cancel_composition(viewer=viewer, composition_id=composition_id)
    seen = _seen(viewer, composition_id)
    return _card(request, viewer, seen, _standing(seen))


def _card(
    request: HttpRequest, viewer: Viewer, seen: CompositionSeen, standing: str
) -> HttpResponse:
    is_asker = seen.composition.requested_by_id == viewer.user_id
    context = {"seen": seen, "standing": standing, "is_asker": is_asker}
    return render(request, "web/parts/composition.html", context)


def _seen(viewer: Viewer, composition_id: UUID) -> CompositionSeen:
    composition = selectors.composition_for(viewer, composition_id)
    (seen,) = selectors.seen_by(viewer, [composition], language=get_language() or "en")
    return seen


def _standing(seen: CompositionSeen) -> str:
    """Return what differs when something that the page shows has changed."""
    written = [str(seen.composition.state), str(seen.whole.visibility if seen.whole else "")]
    for part in seen.parts:
        text = len(part.job.released_text) if part.job and part.asset is None else 0
        written.append(f"{part.name}.{part.index}.{part.state}.{text}")
    return sha256("|".join(written).encode()).hexdigest()[:16]


def _start(request: HttpRequest, viewer: Viewer) -> tuple[str, dict[str, Any]]:
    """Return the recipe and the inputs to start with: `?recipe=NAME`, or `?from=COMPOSITION`."""
    try:
        source = selectors.composition_for(viewer, UUID(request.GET.get("from", "")))
    except (ValueError, NotFound):
        return request.GET.get("recipe", ""), {}
    return source.recipe_name, dict(source.inputs)


def _at_most(recipe: Recipe | None) -> int:
    """Return what a recipe costs at most with inputs as they stand, for a first impression."""
    models = offered_models()
    if recipe is None or any(part.model not in models for part in recipe.parts):
        return 0
    start = {name: shape.get("default", "") for name, shape in recipe.inputs["properties"].items()}
    return sum(price.at_most for price in prices_of(recipe, start, models))


def _pictures(recipe: Recipe | None, start: dict[str, Any]) -> dict[str, Picture]:
    if recipe is None:
        return {}
    return {
        field.name: Picture(field.name)
        for field in fields_of(recipe, start)
        if field.kind == "picture"
    }


def _project_to_start_with(projects: list[Project]) -> UUID | None:
    public = (project.pk for project in projects if project.audience == Project.Audience.PUBLIC)
    return next(public, None) or next((project.pk for project in projects), None)


def _project(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(
            "Choose a project.", code="invalid_uuid", pointer="/project_id"
        ) from error
