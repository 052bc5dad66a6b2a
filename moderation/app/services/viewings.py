"""Who looked at what: a reviewer's look into a case is itself a fact worth keeping."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from moderation.app.models import Case, SecondLook
from moderation.app.roles import require_decider, require_reader
from moderation.app.selectors.evidence import unmasked_case
from moderation.app.selectors.second_looks import look_of, unmasked_look
from moderation.app.selectors.views import CaseEvidence
from moderation.app.services.care_at_work import lock_care, note_work
from moderation.app.services.reasons import kept_reason
from tidegate.accounts.viewers import Viewer
from tidegate.audit import selectors as audit
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound

SAME_LOOK = timedelta(minutes=30)
"""Reloading a case within this time is the same look."""


@transaction.atomic
def note_view(*, case_id: UUID, viewer: Viewer) -> bool:
    """Leave an entry that the viewer opened a case; returns whether a new one was needed.

    Raises:
        NotAllowed: the viewer is no review staff.
        NotFound: no such case, or (for a key) not of its organisation.
    """
    return _note_look(Action.CASE_VIEWED, case_id, viewer)


@transaction.atomic
def unveil_case(*, case_id: UUID, viewer: Viewer) -> bool:
    """Leave an entry that the viewer lifted the veil from a case, once per look as `note_view`.

    Raises:
        NotAllowed, NotFound: as `note_view`.
    """
    return _note_look(Action.CASE_UNVEILED, case_id, viewer)


@transaction.atomic
def note_translation(*, case_id: UUID, viewer: Viewer) -> bool:
    """Leave an entry that the viewer had a case translated, once per look as `note_view`.

    Raises:
        NotAllowed, NotFound: as `note_view`.
    """
    return _note_look(Action.CASE_TRANSLATED, case_id, viewer)


def _note_look(action: Action, case_id: UUID, viewer: Viewer) -> bool:
    require_reader(viewer)
    case, look = _subject(case_id, viewer)
    _note_work(viewer, None if look else case)
    actor = viewer.actor()
    is_known = (
        audit.entries(
            action=action,
            actor_id=actor.id,
            subject_type="moderation.case",
            subject_id=str(case.pk),
        )
        .filter(at__gt=now() - SAME_LOOK)
        .exists()
    )
    if is_known:
        return False
    record(
        action,
        chain=f"organisation:{case.organisation_id}",
        actor=actor,
        subject_type="moderation.case",
        subject_id=str(case.pk),
        before=None,
        after={"state": case.state},
        correlation_id=case.asset.correlation_id,
    )
    return True


@transaction.atomic
def reveal_case(*, case_id: UUID, viewer: Viewer, reason: str) -> CaseEvidence:
    """Return a case with the personal data in it, and leave an entry that says who saw it and why.

    Every time is a look of its own. What the reason quotes of the data is masked in the entry.

    Raises:
        NotAllowed: the viewer may not decide cases.
        NotFound: no such case, or (for a key) not of its organisation.
        InvalidInput: a reason that is empty or too long.
    """
    require_decider(viewer)
    words = kept_reason(reason, missing="Say why you have to see it.")
    case, look = _subject(case_id, viewer)
    _note_work(viewer, None if look else case)
    found = unmasked_look(viewer, look) if look else unmasked_case(viewer, case_id)
    evidence = replace(found, is_revealed=True)
    record(
        Action.CASE_REVEALED,
        chain=f"organisation:{case.organisation_id}",
        actor=viewer.actor(),
        subject_type="moderation.case",
        subject_id=str(case.pk),
        before=None,
        after={"state": case.state},
        reason=words,
        correlation_id=case.asset.correlation_id,
        person=case.asset.owner_id,
    )
    return evidence


def _note_work(viewer: Viewer, case: Case | None) -> None:
    if viewer.user_id is not None:
        note_work(lock_care(viewer.user_id), case)


def _subject(case_id: UUID, viewer: Viewer) -> tuple[Case, SecondLook | None]:
    """Return the case, or the one behind a second look of the viewer's, with that look."""
    case = Case.objects.select_related("asset").filter(pk=case_id).first()
    look = look_of(viewer, case_id) if case is None else None
    case = look.case if look is not None else case
    if case is None or viewer.organisation_id not in {None, case.organisation_id}:
        raise NotFound("There is no such case.", code="case_not_found")
    return case, look
