"""Writes of notes: what staff tell each other about a case."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from moderation.app.models import CaseNote, Mention
from moderation.app.roles import require_reader
from moderation.app.selectors.notes import colleagues
from moderation.app.selectors.second_looks import look_of
from moderation.app.services.case_locks import visible_case
from moderation.app.services.reasons import kept_reason
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed, NotFound


@transaction.atomic
def add_note(*, case_id: UUID, viewer: Viewer, words: str) -> CaseNote:
    """Keep a note on a case, masked as reasons are, and call upon whom it names as `@Their Name`.

    Raises:
        NotAllowed: not review staff, or the viewer made the output.
        NotFound: no such case, or (for a key) not of its organisation.
        InvalidInput: nothing was written, or too much.
    """
    user_id = require_reader(viewer)
    look = look_of(viewer, case_id)
    case = visible_case(case_id if look is None else look.case_id, viewer)
    if case.asset.owner_id == user_id:
        raise NotAllowed("Nobody writes notes on what they made.", code="own_asset")
    kept = kept_reason(words, missing="A note says something.")
    note = CaseNote(case=case, author_id=user_id, words=kept)
    note.save(force_insert=True)
    named = _named_in(kept, colleagues(viewer, besides=case.asset.owner_id))
    Mention.objects.bulk_create([Mention(note=note, person=person) for person in named])
    record(
        Action.NOTE_ADDED,
        chain=f"organisation:{case.organisation_id}",
        actor=viewer.actor(),
        subject_type="moderation.case",
        subject_id=str(case.pk),
        before=None,
        after={"note": str(note.pk), "mentions": sorted(str(one.pk) for one in named)},
        reason=kept,
        correlation_id=case.asset.correlation_id,
        person=case.asset.owner_id,
    )
    return note


@transaction.atomic
def read_mention(*, mention_id: UUID, viewer: Viewer) -> Mention:
    """Note that somebody has seen where they are called upon; twice is once.

    Raises:
        NotAllowed: not review staff.
        NotFound: no such mention of the viewer.
    """
    user_id = require_reader(viewer)
    found = Mention.objects.select_related("note").filter(pk=mention_id, person_id=user_id)
    mention = found.first()
    if mention is None:
        raise NotFound("There is no such mention of you.", code="mention_not_found")
    if mention.read_at is None:
        mention.read_at = now()
        mention.save(update_fields=["read_at"])
    return mention


def _named_in(words: str, people: Iterable[User]) -> list[User]:
    """Return who is called upon; of names that begin alike the longest is meant."""
    names = sorted({one.display_name for one in people}, key=len, reverse=True)
    meant = set()
    for name in names:
        if f"@{name}" in words:
            meant.add(name)
            words = words.replace(f"@{name}", "")
    return [one for one in people if one.display_name in meant]
