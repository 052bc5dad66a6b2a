"""What the tests of consequences do again and again."""

from uuid import UUID

from django.db import transaction

from moderation.app import services
from moderation.app.models import Case, Hold, Restriction
from moderation.app.services.case_effects import GATE, open_case
from tests import factories
from tests.integration.moderation import stage
from tidegate.accounts.models import User
from tidegate.assets.models import Asset
from tidegate.projects.models import Project


@transaction.atomic
def held_of(author: User, project: Project, *hazards: str) -> Case:
    """Make an output of somebody that the gate held for these hazards; return its case."""
    asset = factories.make_asset(project, owner=author, visibility="held")
    return open_case(
        asset=asset,
        because=Case.Because.HOLD,
        severity=60,
        hazards=hazards,
        verdict=None,
        actor=GATE,
        correlation_id=asset.correlation_id,
    )


def decided(case: Case, outcome: str = "block") -> Case:
    """Let a reviewer decide a case."""
    return services.decide_case(
        case_id=case.pk, action=outcome, viewer=stage.staff("reviewer"), reason="it is so"
    )


@transaction.atomic
def reopened(asset: Asset) -> Case:
    """Open a further case about an output that was decided, as an appeal does."""
    return open_case(
        asset=asset,
        because=Case.Because.REPORT,
        severity=10,
        hazards=(),
        verdict=None,
        actor=GATE,
        correlation_id=asset.correlation_id,
    )


def suspended(author: User, kind: str = "suspended", **given: UUID | int) -> Restriction:
    """Restrict somebody by hand."""
    return services.impose_restriction(
        viewer=stage.staff("senior_reviewer"),
        author_id=author.pk,
        kind=kind,
        reason="as agreed",
        **given,  # type: ignore[arg-type]  # hours or an organisation
    )


def holds(asset: Asset) -> list[str]:
    """Return how the holds of an asset ended, oldest first; empty for those that are open."""
    return list(
        Hold.objects.filter(asset=asset).order_by("pk").values_list("ended_because", flat=True)
    )
