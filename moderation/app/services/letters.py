"""Writes of letters: what people are told, kept word for word; inside the caller's transaction."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation

from moderation.app import wording
from moderation.app.models import Appeal, Case, Letter, Report, Statement
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound


def link_to(asset_id: UUID | None) -> str:
    """Return the address of what a letter is about: the output's page, or the reader's standing."""
    page = "/standing" if asset_id is None else f"/assets/{asset_id}"
    return f"{settings.TIDEGATE_PUBLIC_URL}{page}"


def draft_letter(
    recipient: User,
    kind: Letter.Kind,
    write: Callable[[], wording.Written],
    *,
    by_mail: bool = True,
) -> Letter:
    """Return a letter in the recipient's language; what it is about is the caller's to set."""
    with translation.override(recipient.language):
        written = write()
    return Letter(
        recipient=recipient,
        kind=kind,
        language=recipient.language,
        subject=written.subject,
        body=written.body,
        sha256=sha256(f"{written.subject}\n{written.body}".encode()).hexdigest(),
        by_mail=by_mail,
    )


def tell_restored(statement: Statement) -> None:
    """Tell its recipient that what a statement restricted is not restricted any more."""
    recipient = statement.recipient
    letter = draft_letter(
        recipient,
        Letter.Kind.RESTORED,
        lambda: wording.restored_letter(
            name=recipient.display_name,
            reference=statement.reference,
            link=link_to(statement.asset_id),
        ),
    )
    letter.statement = statement
    letter.save(force_insert=True)


def tell_appellant(appeal: Appeal) -> None:
    """Tell who appealed what another person made of it."""
    recipient = appeal.appellant
    letter = draft_letter(
        recipient,
        Letter.Kind.APPEAL,
        lambda: wording.appeal_letter(
            name=recipient.display_name, appeal=appeal, link=link_to(appeal.asset_id)
        ),
    )
    letter.appeal = appeal
    letter.save(force_insert=True)


def tell_reporters(case_id: UUID, ruling: Case.Ruling, *, besides: UUID | None = None) -> None:
    """Tell those who reported something what a person made of it; `besides` hears it otherwise."""
    reports = Report.objects.filter(case_id=case_id).exclude(reporter_id=besides)
    letters = []
    for report in reports.select_related("reporter").order_by("pk"):
        letter = draft_letter(
            report.reporter,
            Letter.Kind.REPORT,
            partial(
                wording.report_letter,
                name=report.reporter.display_name,
                reported_on=report.created_at,
                ruling=ruling,
            ),
        )
        letter.report = report
        letters.append(letter)
    Letter.objects.bulk_create(letters)


@transaction.atomic
def read_letter(*, viewer: Viewer, letter_id: UUID) -> Letter:
    """Return a letter of the viewer's own, noted as read.

    Raises:
        NotFound: there is no such letter, or it is somebody else's.
    """
    own = Letter.objects.select_related("statement", "appeal", "report")
    mine = own.filter(pk=letter_id, recipient_id=viewer.user_id, withdrawn_at=None)
    letter = mine.first()
    if letter is None or viewer.user_id is None:
        raise NotFound("There is no such message.", code="letter_not_found")
    if letter.read_at is None:
        letter.read_at = now()
        unread = Letter.objects.filter(pk=letter.pk, read_at=None, withdrawn_at=None)
        if not unread.update(read_at=letter.read_at):
            # Read or withdrawn at this very moment: what is so now is what counts.
            letter.refresh_from_db(fields=["read_at", "withdrawn_at"])
            if letter.withdrawn_at is not None:
                raise NotFound("There is no such message.", code="letter_not_found")
    return letter
