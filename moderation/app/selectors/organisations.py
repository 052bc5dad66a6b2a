"""What organisations have stricter than the platform."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet

from moderation.app.models import OrganisationRules
from moderation.core import tightening
from moderation.core.tightening import TighteningFile
from tidegate.accounts.selectors import require_role
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import NotFound
from tidegate.projects.selectors import project_for

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stricter:
    """The active rules of an organisation or of a project, read."""

    id: UUID
    file: TighteningFile


def stricter_rules(
    known: Mapping[tuple[UUID, UUID | None], Stricter],
) -> dict[tuple[UUID, UUID | None], Stricter]:
    """Return all active rules by organisation and project; one query.

    A text that is among the `known` is not read again. One that cannot be read any more holds what
    is its organisation's, see `read_stored`.
    """
    found: dict[tuple[UUID, UUID | None], Stricter] = {}
    read = {one.id: one for one in known.values()}
    rows = OrganisationRules.objects.filter(active=True).values_list(
        "id", "organisation_id", "project_id", "source"
    )
    for key, organisation_id, project_id, source in rows:
        if key not in read:
            read[key] = Stricter(key, tightening.read_stored(source))
            if tightening.is_unreadable(read[key].file):
                log.error("organisation_rules_not_readable", rules=str(key))
        found[organisation_id, project_id] = read[key]
    return found


def rules_of(viewer: Viewer, organisation_id: UUID, project_id: UUID | None) -> OrganisationRules:
    """Return the active rules of an organisation or of a project. Its members may read them.

    Raises:
        NotFound: the organisation or project, for a stranger; or there are no such rules.
    """
    require_role(viewer, organisation_id, "viewer")
    rules = active_rules(organisation_id, project_id).select_related("set_by").first()
    if rules is None:
        raise NotFound("Nothing is stricter here than on the platform.", code="rules_not_found")
    return rules


def active_rules(organisation_id: UUID, project_id: UUID | None) -> QuerySet[OrganisationRules]:
    """Return the active rules of exactly this organisation or project: one row, or none."""
    return OrganisationRules.objects.filter(
        Q(project_id=project_id), organisation_id=organisation_id, active=True
    )


def organisation_of(viewer: Viewer, project_id: UUID) -> UUID:
    """Return whose a project is.

    Raises:
        NotFound: there is no such project, or nothing ties the viewer to it.
    """
    return project_for(viewer, project_id).organisation_id
