"""Letters are mailed: once, together where there are many, and again where the server was away."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db.models import F

from moderation.app import posting
from moderation.app.models import Letter
from tests import factories
from tests.integration.generation.maker import at_once
from tests.integration.moderation import conduct, stage
from tidegate.accounts.models import User
from tidegate.primitives.clock import now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def blocked_of(author: User, times: int = 1) -> list[Letter]:
    project = factories.make_project()
    for _ in range(times):
        conduct.decided(conduct.held_of(author, project, "violence"))
    # So long that nobody can take it back any more.
    Letter.objects.update(created_at=F("created_at") - timedelta(minutes=1))
    return list(Letter.objects.filter(recipient=author).order_by("pk"))


def test_a_letter_is_mailed_once_word_for_word() -> None:
    author = factories.make_user(email="ada@example.test")
    (letter,) = blocked_of(author)
    assert posting.post_letters() == 1
    assert posting.post_letters() == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == ([author.email], letter.subject, letter.body)
    assert sent.extra_headers["Message-ID"] == f"<letter-{letter.pk}@tidegate.invalid>"
    letter.refresh_from_db()
    assert (letter.sent_at is not None, letter.attempts) == (True, 1)


def test_a_block_at_once_by_the_gate_is_not_mailed() -> None:
    stage.consume(stage.pending(content="hatemark"))
    assert Letter.objects.count() == 1
    assert posting.post_letters() == 0
    assert mail.outbox == []


def test_many_letters_come_in_one_mail_and_the_next_one_waits() -> None:
    author = factories.make_user()
    first = blocked_of(author, 2)
    assert posting.post_letters() == len(first)
    (together,) = mail.outbox
    assert together.subject == f"{len(first)} messages from the review of content"
    assert all(letter.body in together.body for letter in first)
    blocked_of(author)
    assert posting.post_letters() == 0
    Letter.objects.filter(sent_at__isnull=False).update(sent_at=now() - timedelta(minutes=6))
    assert posting.post_letters() > 0
    assert len(mail.outbox) == 2


def test_a_mail_server_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(message: EmailMessage, *given: Any) -> int:
        raise SMTPServerDisconnected("Connection unexpectedly closed")

    (letter,) = blocked_of(factories.make_user())
    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", refuse)
        assert posting.post_letters() == 0
        assert posting.post_letters() == 0
    letter.refresh_from_db()
    assert (letter.attempts, letter.sent_at) == (1, None)
    assert "SMTPServerDisconnected" in letter.last_error
    assert letter.next_try_at is not None
    assert posting.post_letters() == 0
    Letter.objects.update(next_try_at=now() - timedelta(seconds=1))
    assert posting.post_letters() == 1
    assert len(mail.outbox) == 1


def test_one_person_without_a_mailbox_keeps_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = EmailMessage.send

    def refuse_one(message: EmailMessage, *given: Any) -> int:
        if message.to == ["gone@example.test"]:
            raise SMTPServerDisconnected("550 no such user")
        return send(message, *given)

    blocked_of(factories.make_user(email="gone@example.test"))
    blocked_of(factories.make_user(email="here@example.test"))
    monkeypatch.setattr(EmailMessage, "send", refuse_one)
    assert posting.post_letters() == 1
    assert [one.to for one in mail.outbox] == [["here@example.test"]]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail() -> None:
    blocked_of(factories.make_user())
    assert sorted(at_once(lambda _: posting.post_letters(), threads=4)) == [0, 0, 0, 1]
    assert len(mail.outbox) == 1


def test_a_mail_is_a_real_message_in_a_file(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    author = factories.make_user(email="ada@example.test", display_name="艾达")
    User.objects.filter(pk=author.pk).update(language="zh-hans")
    author.refresh_from_db()
    blocked_of(author)
    assert posting.post_letters() == 1
    (file,) = tmp_path.iterdir()
    message = message_from_bytes(file.read_bytes().partition(b"\n---")[0], policy=default)
    assert message["To"] == "ada@example.test"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "TG-" in str(message["Subject"])
    assert "艾达" in message.get_content()
