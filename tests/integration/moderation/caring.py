"""What the tests of the care for reviewers do again and again."""

from dataclasses import asdict, replace
from typing import Any

from moderation.app import services
from moderation.app.care_choices import CareChoice, MannerChoice, RulesChoice
from moderation.app.models import Case, ReviewerCare
from moderation.core.care import BARE, CareRules
from tests.integration.moderation import stage
from tidegate.accounts.viewers import Viewer


def case_about(*hazards: str, severity: int = 75, modality: str = "text") -> Case:
    """Hold an output and say what it is about."""
    if modality == "text":
        asset, case = stage.held()
    else:
        asset = stage.pending(modality=modality, prompt="violencemaybe")
        stage.consume(asset)
        case = stage.case_of(asset)
    Case.objects.filter(pk=case.pk).update(hazards=list(hazards), severity=severity)
    case.refresh_from_db()
    return case


def choose(viewer: Viewer, **given: Any) -> ReviewerCare:
    """Choose for oneself."""
    return services.choose_care(viewer=viewer, choice=CareChoice(**given))


USUAL = RulesChoice(
    defaults=MannerChoice(**asdict(CareRules().defaults)),
    floor=MannerChoice(**asdict(BARE)),
    last=CareRules().last,
    work_minutes=60,
    exposures=30,
    break_minutes=10,
)


def lay_down(**given: Any) -> None:
    """Set for everybody what differs from what is shipped."""
    services.set_care_rules(
        viewer=stage.staff("policy_admin", name="Lea"),
        choice=replace(USUAL, **given),
        reason="We agreed on it.",
    )


def opted_out(*hazards: str, role: str = "reviewer") -> Viewer:
    """Return a reviewer who opted out of hazards."""
    viewer = stage.staff(role)
    choose(viewer, opted_out=list(hazards))
    return viewer
