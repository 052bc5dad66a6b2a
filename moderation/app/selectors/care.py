"""What somebody chose for themselves, what counts for them, and which cases are kept from them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case as Choice
from django.db.models import Exists, Expression, IntegerField, OuterRef, Q, Value, When

from moderation.app.models import CareRules as Rules
from moderation.app.models import Case, Report, ReviewerCare
from moderation.app.roles import require_reader
from moderation.core.care import Blur, Care, CareRules, Manner, Override, with_refinements
from moderation.core.sittings import Breaks, Sitting
from tidegate.accounts.viewers import Viewer

CLAIM_ORDER = ("rank_slot", "lateness", "rank_at", "id")
"""By rank (harm, reach and due time, see ADR 220), six hours of it at once: among those, what
somebody wants last comes last."""


def care_for(viewer: Viewer) -> Care:
    """Return what counts for the viewer.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    return care_in(_row(require_reader(viewer)), care_rules())


def chosen_by(viewer: Viewer) -> ReviewerCare:
    """Return what the viewer chose; a row that is not stored where they chose nothing.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    user_id = require_reader(viewer)
    return _row(user_id) or ReviewerCare(person_id=user_id)


def care_rules() -> CareRules:
    """Return what the install has for everybody."""
    row = Rules.objects.first()
    if row is None:
        return CareRules()
    return CareRules(
        defaults=Manner(Blur(row.blur), row.is_grey, row.is_muted, row.has_stills),
        floor=Manner(
            Blur(row.floor_blur), row.floor_is_grey, row.floor_is_muted, row.floor_has_stills
        ),
        last=tuple(row.last),
        breaks=Breaks(
            work=timedelta(minutes=row.work_minutes),
            exposures=row.exposures,
            rest=timedelta(minutes=row.break_minutes),
        ),
    )


def care_in(row: ReviewerCare | None, rules: CareRules) -> Care:
    """Return what counts for somebody with this row."""
    if row is None:
        return Care(rules.defaults, rules.floor, rules.last)
    usual = rules.defaults
    return Care(
        manner=Manner(
            blur=Blur(row.blur) if row.blur else usual.blur,
            is_grey=usual.is_grey if row.is_grey is None else row.is_grey,
            is_muted=usual.is_muted if row.is_muted is None else row.is_muted,
            has_stills=usual.has_stills if row.has_stills is None else row.has_stills,
        ).at_least(rules.floor),
        floor=rules.floor,
        last=rules.last if row.last is None else tuple(row.last),
        opted_out=tuple(row.opted_out),
        by_hazard={name: override(given) for name, given in row.by_hazard.items()},
    )


def override(given: Mapping[str, Any]) -> Override:
    """Read what is stored for one hazard."""
    blur, is_grey = given.get("blur"), given.get("is_grey")
    return Override(Blur(blur) if blur else None, None if is_grey is None else bool(is_grey))


def sitting_in(row: ReviewerCare | None) -> Sitting | None:
    """Return when somebody began and was last at it; None for who never was."""
    if row is None or row.began_at is None or row.active_at is None:
        return None
    return Sitting(row.began_at, row.active_at)


def about(hazards: Collection[str]) -> Q:
    """Return the cases that are about one of these: by what was found, or by what was reported."""
    if not hazards:
        return Q(pk__in=())
    reported = Report.objects.filter(case=OuterRef("pk"), reason__in=hazards)
    return Q(hazards__has_any_keys=list(hazards)) | Q(Exists(reported))


def kept_from(user_id: UUID | None, row: ReviewerCare | None = None) -> Q:
    """Return the cases that somebody is not given, as they opted out of what those are about.

    The one condition that the queue and every claim use; `row` is theirs, where it is locked.
    """
    chosen = row or _row(user_id)
    return about(with_refinements(chosen.opted_out) if chosen is not None else ())


def is_kept_from(case: Case, user_id: UUID | None, row: ReviewerCare | None = None) -> bool:
    """Whether a case is kept from somebody, who then neither claims nor decides it.

    What they hold already they may finish: they have seen it.
    """
    if is_theirs(case, user_id):
        return False
    return Case.objects.filter(kept_from(user_id, row), pk=case.pk).exists()


def is_theirs(case: Case, user_id: UUID | None) -> bool:
    """Whether somebody claimed a case and nobody took it over, even when the lease ran out."""
    return case.state == Case.State.CLAIMED and case.claimed_by_id == user_id


def lateness(care: Care) -> Expression:
    """Return how far back a case stands among those that are as severe: 0, or 1 and more."""
    places = list(enumerate(_groups(care.last), start=1))
    # Of several the last counts.
    whens = [When(hazards__has_any_keys=names, then=Value(place)) for place, names in places[::-1]]
    if not whens:
        return Value(0, output_field=IntegerField())
    return Choice(*whens, default=Value(0), output_field=IntegerField())


def lateness_of(user_id: UUID | None, row: ReviewerCare | None = None) -> Expression:
    """Return `lateness` for somebody."""
    return lateness(care_in(row or _row(user_id), care_rules()))


def _groups(last: Sequence[str]) -> list[list[str]]:
    """Return for each hazard that comes last it and what refines it, unless that is named too."""
    return [
        [name for name in with_refinements([hazard]) if name == hazard or name not in last]
        or [hazard]
        for hazard in last
    ]


def _row(user_id: UUID | None) -> ReviewerCare | None:
    return ReviewerCare.objects.filter(person_id=user_id).first()
