"""The studio's picture fields: choose one's own, bring one along, take it out again."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generation.app.compositions.offers import offered_recipes
from generation.app.registry.selectors import described
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import InvalidInput, TidegateError, TooLarge
from tidegate.uploads.pictures import LARGEST_BYTES
from tidegate.uploads.services import add_upload
from tidegate.web.pictures import Picture, of_upload, picture_of, pictures_to_choose
from tidegate.web.recipe_forms import takes_picture
from tidegate.web.viewers import signed_in


@require_safe
@signed_in
def pictures(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """List what the viewer may put into a field."""
    found = pictures_to_choose(viewer, _field(request))
    return render(request, "web/parts/picture_choice.html", {"pictures": found})


@signed_in
def picture(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Return a field with the picture that was chosen or sent, or an empty one."""
    field = _field(request)
    if request.method == "POST":
        return _bring(request, viewer, field)
    wanted = request.GET.get("picture", "")
    try:
        shown = picture_of(viewer, field, UUID(wanted)) if wanted else Picture(field)
    except ValueError as error:
        raise Http404 from error
    return render(request, "web/parts/picture.html", {"picture": shown})


def _bring(request: HttpRequest, viewer: Viewer, field: str) -> HttpResponse:
    """Take a file in: the field with it, or with what was wrong and status 422."""
    try:
        sent = request.FILES.get(f"file.{field}")
        if sent is None:
            raise InvalidInput("Send a picture.", code="required", pointer="/file")
        if (sent.size or 0) > LARGEST_BYTES:
            most = LARGEST_BYTES >> 20
            raise TooLarge(f"A picture may have {most} MiB.", code="upload_too_large")
        upload, _ = add_upload(viewer=viewer, project_id=_project(request), data=sent.read())
    except TidegateError as error:
        wrong = Picture(field, error=str(error))
        return render(request, "web/parts/picture.html", {"picture": wrong}, status=422)
    return render(request, "web/parts/picture.html", {"picture": of_upload(field, upload)})


def _field(request: HttpRequest) -> str:
    """Return the name of a form field that takes a picture, or answer 404."""
    field = request.GET.get("field", "")
    name, _, parameter = field.rpartition(".")
    recipe = offered_recipes().get(name.removeprefix("recipe:"))
    if name.startswith("recipe:") and recipe is not None and takes_picture(recipe, parameter):
        return field
    model = described(name)
    if model is None or parameter not in {one.name for one in model.image_parameters}:
        raise Http404
    return field


def _project(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("project", ""))
    except ValueError as error:
        raise InvalidInput(
            "Choose a project.", code="invalid_uuid", pointer="/project_id"
        ) from error
