"""Care while somebody works: their row is locked, they are refused what they must not be given."""

import math
from uuid import UUID

from moderation.app.models import Case, ReviewerCare
from moderation.app.selectors.care import about, care_rules, is_kept_from, is_theirs, sitting_in
from moderation.app.selectors.exposure import break_of
from moderation.core.care import with_refinements
from moderation.core.sittings import seated
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed, TidegateError


def lock_care(user_id: UUID) -> ReviewerCare:
    """Return somebody's row, locked until the transaction ends; call it before other locks."""
    rows = ReviewerCare.objects.select_for_update(no_key=True)
    row = rows.filter(person_id=user_id).first()
    if row is None:
        ReviewerCare.objects.bulk_create([ReviewerCare(person_id=user_id)], ignore_conflicts=True)
        row = rows.get(person_id=user_id)
    return row


def note_work(row: ReviewerCare, case: Case | None = None) -> None:
    """Remember that somebody is at it now, in the sitting that runs or in a new one.

    And at which case, for their colleagues; a second look is nobody's business.
    """
    sitting = seated(sitting_in(row), now(), care_rules().breaks)
    row.began_at, row.active_at = sitting.began_at, sitting.active_at
    row.looking_at = case
    row.save(update_fields=["began_at", "active_at", "looking_at"])


def take_up(case: Case, row: ReviewerCare) -> None:
    """Note that somebody, with their row locked, is at this locked case, or refuse it to them.

    What they hold they may finish, whatever they chose since and however long they have been at it.

    Raises:
        NotAllowed: they opted out of what it is about; `extra` names it.
        TidegateError: `break_running`, until when is in `extra`.
    """
    if not is_theirs(case, row.person_id):
        _require_fit(case, row)
    note_work(row, case)


def _require_fit(case: Case, row: ReviewerCare) -> None:
    if is_kept_from(case, row.person_id, row):
        raise NotAllowed(
            "You opted out of what this case is about.",
            code="hazard_opted_out",
            extra={"hazards": _meant(case, row)},
        )
    due = break_of(row.person_id, row)
    if due is not None:
        # Rounded up, so that whoever waits that long does not come too early.
        seconds = math.ceil((due.until - now()).total_seconds())
        raise TidegateError(
            f"It is time for a break, until {due.until:%H:%M} UTC. What you hold you may finish.",
            code="break_running",
            status=429,
            extra={
                "until": due.until.isoformat(),
                "because": due.because,
                "retry_after": seconds,
            },
        )


def _meant(case: Case, row: ReviewerCare) -> list[str]:
    """Return the hazards that keep a case from somebody."""
    return [
        hazard
        for hazard in with_refinements(row.opted_out)
        if Case.objects.filter(about([hazard]), pk=case.pk).exists()
    ]
