"""Mailing the letters that people are owed; what cannot be sent now is tried again."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import translation
from django.utils.translation import ngettext

from moderation.app.configuration import UNDO_ON_THE_WAY, configuration, house_rules
from moderation.app.models import Letter
from tidegate.primitives.clock import now

logger = logging.getLogger(__name__)

RECIPIENTS: Final = 200
MOST_TOGETHER: Final = 50
_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=6)
_RULE: Final = "\n\n" + "-" * 40 + "\n\n"


def post_letters() -> int:
    """Mail what is due, to each person in one message; return how many letters went out.

    Each person's are a transaction of their own. A process that dies between sending and writing
    it down sends once more, under the same Message-ID: mail programs show it once.
    """
    return sum(_post_to(recipient_id) for recipient_id in _due())


def _due() -> list[UUID]:
    """Return who is owed a letter, the longest waiting first."""
    waiting = _unsent().order_by("created_at").values_list("recipient_id", flat=True)
    return list(dict.fromkeys(waiting[: RECIPIENTS * MOST_TOGETHER]))[:RECIPIENTS]


def _unsent() -> QuerySet[Letter]:
    at = now()
    is_due = Q(next_try_at=None) | Q(next_try_at__lte=at)
    # What a reviewer may still take back is not written to anybody.
    return Letter.objects.filter(
        is_due,
        by_mail=True,
        sent_at=None,
        withdrawn_at=None,
        created_at__lte=at - house_rules().undo - UNDO_ON_THE_WAY,
    )


@transaction.atomic
def _post_to(recipient_id: UUID) -> int:
    """Mail one person's letters; none while the last mail to them is young: they come together."""
    locked = _unsent().select_for_update(skip_locked=True, of=("self",))
    mine = locked.select_related("recipient").filter(recipient_id=recipient_id)
    letters = list(mine.order_by("created_at", "id")[:MOST_TOGETHER])
    if not letters or _was_mailed_lately(recipient_id):
        return 0
    tries = max(letter.attempts for letter in letters) + 1
    ids = [letter.pk for letter in letters]
    try:
        _message(letters).send()
    except (SMTPException, OSError) as error:
        pause = min(_FIRST_PAUSE * 2 ** min(tries - 1, 10), _LONGEST_PAUSE)
        logger.exception("a letter could not be mailed; tried %d times", tries)
        Letter.objects.filter(pk__in=ids).update(
            attempts=tries,
            next_try_at=now() + pause,
            last_error=f"{type(error).__name__}: {error}".replace("\0", "")[:200],
        )
        return 0
    Letter.objects.filter(pk__in=ids).update(sent_at=now(), attempts=tries, last_error="")
    return len(letters)


def _was_mailed_lately(recipient_id: UUID) -> bool:
    last = Letter.objects.filter(recipient_id=recipient_id).aggregate(at=Max("sent_at"))["at"]
    return last is not None and last + configuration().mail_gap > now()


def _message(letters: Sequence[Letter]) -> EmailMessage:
    first = letters[0]
    subject, body = first.subject, first.body
    if len(letters) > 1:
        with translation.override(first.recipient.language):
            subject = ngettext(
                "%(count)s message from the review of content",
                "%(count)s messages from the review of content",
                len(letters),
            ) % {"count": len(letters)}
        body = _RULE.join(f"{letter.subject}\n\n{letter.body}" for letter in letters)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return EmailMessage(
        subject=subject,
        body=body,
        to=[first.recipient.email],
        headers={
            "Message-ID": f"<letter-{first.pk}@{domain}>",
            # RFC 3834: no automatic answers to what a machine sends.
            "Auto-Submitted": "auto-generated",
        },
    )
