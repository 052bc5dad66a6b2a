"""Parts that can be asked for become jobs: checked, priced and screened, before any transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generation.app.models import Composition, Job
from generation.app.services.checking import Checked, JobRequest, check_request, drawn
from generation.app.services.requests import draft_job, place_to_make
from generation.core.recipes import Asked, Trouble
from tidegate.accounts.selectors import viewer_for_user
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.projects.models import Project

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Draft:
    """A job that is ready to be stored for a part."""

    asked: Asked
    job: Job
    line: Checked
    verdict: str


def asker_of(composition: Composition) -> Viewer:
    """Return who asked for a composition, with the rights they have now."""
    return viewer_for_user(composition.requested_by)


def draft(viewer: Viewer, composition: Composition, project: Project, asked: Asked) -> Draft:
    """Return a part as a job. The gate screens its words; nothing is stored.

    Raises:
        InvalidInput: the request does not fit its model, or names what may not be used.
    """
    request = JobRequest(
        model_name=asked.model,
        prompt=asked.prompt,
        parameters=asked.parameters,
        seed=asked.seed,
    )
    line = drawn(
        viewer, check_request(viewer, request), organisation_id=composition.organisation_id
    )
    job, ruling = draft_job(viewer, project, line, correlation_id=composition.correlation_id)
    job.whole_id = composition.pk
    job.api_key_id = composition.api_key_id
    return Draft(asked, job, line, ruling.verdict)


def draft_all(composition: Composition, asked: Iterable[Asked]) -> Mapping[Place, Draft | Trouble]:
    """Return each part as a job, or why it can be none."""
    viewer = asker_of(composition)
    drafts: dict[Place, Draft | Trouble] = {}
    for part in asked:
        place = (part.name, part.index)
        try:
            project = place_to_make(viewer, composition.project_id)
            drafts[place] = draft(viewer, composition, project, part)
        except InvalidInput as error:
            drafts[place] = Trouble(*place, "part_unfit", _in_words(error))
        except (NotAllowed, NotFound) as error:
            drafts[place] = Trouble(*place, error.code, error.message)
    return drafts


def _in_words(error: InvalidInput) -> str:
    if not error.errors:
        return error.message
    return "; ".join(f"{item.pointer}: {item.message}" for item in error.errors)[:1000]
