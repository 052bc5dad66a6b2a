"""Messages in the product: what was decided, why, and where it stands."""

import pytest
from django.test import Client

from moderation.app.models import Letter, Statement
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.accounts.models import User
from tidegate.assets.models import Asset

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.fixture
def blocked() -> Asset:
    case = conduct.held_of(factories.make_user(), factories.make_project(), "violence")
    conduct.decided(case)
    return case.asset


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_message_is_announced_read_and_leads_to_the_appeal(blocked: Asset) -> None:
    author = browser_of(blocked.owner)
    statement = Statement.objects.get(asset=blocked)
    letter = Letter.objects.get(statement=statement)
    assert "1 new message" in text(author, "/library")
    page = text(author, f"/assets/{blocked.pk}")
    assert statement.reference in page
    assert f"/messages/{letter.pk}" in page
    assert letter.subject in text(author, "/messages")
    shown = text(author, f"/messages/{letter.pk}")
    assert "<strong>What we did</strong>" in shown
    assert f"/assets/{blocked.pk}#appeal" in shown
    assert "It holds" in shown
    assert "new message" not in text(author, "/library")


def test_what_the_reviewer_wrote_stays_with_staff(blocked: Asset) -> None:
    author = browser_of(blocked.owner)
    for address in (f"/assets/{blocked.pk}", f"/api/v1/assets/{blocked.pk}/history"):
        assert "it is so" not in text(author, address)
    auditor = browser_of(factories.make_user(staff=["auditor"]))
    assert "it is so" in text(auditor, f"/assets/{blocked.pk}")
    letter = Letter.objects.get(statement__asset=blocked)
    assert "it is so" not in letter.body


def test_a_letter_links_to_what_it_is_about(blocked: Asset) -> None:
    letter = Letter.objects.get(statement__asset=blocked)
    shown = text(browser_of(blocked.owner), f"/messages/{letter.pk}")
    assert f'/assets/{blocked.pk}" rel="nofollow">http' in shown
    assert "&lt;a" not in shown


def test_a_message_says_when_it_does_not_hold_any_more(blocked: Asset) -> None:
    letter = Letter.objects.get(statement__asset=blocked)
    conduct.decided(conduct.reopened(blocked), "release")
    shown = text(browser_of(blocked.owner), f"/messages/{letter.pk}")
    assert "It does not hold any more" in shown
    assert "button-primary" not in shown.split("Where it stands")[1]


def test_messages_are_for_their_recipient_only(blocked: Asset) -> None:
    letter = Letter.objects.get(statement__asset=blocked)
    stranger = browser_of(factories.make_user())
    assert stranger.get(f"/messages/{letter.pk}").status_code == 404
    assert letter.subject not in text(stranger, "/messages")
    admin = factories.make_user(staff=["policy_admin"])
    assert browser_of(admin).get(f"/messages/{letter.pk}").status_code == 404
    assert Client().get("/messages").status_code == 302
    letter.refresh_from_db()
    assert letter.read_at is None


def test_what_people_wrote_is_escaped() -> None:
    asset, case = stage.held()
    User.objects.filter(pk=asset.owner_id).update(display_name="<script>alert(1)</script>")
    conduct.decided(case)
    letter = Letter.objects.get(statement__asset=asset)
    shown = text(browser_of(asset.owner), f"/messages/{letter.pk}")
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown


def test_the_page_and_the_letter_speak_chinese() -> None:
    asset, case = stage.held()
    User.objects.filter(pk=asset.owner_id).update(language="zh-hans")
    conduct.decided(case)
    client = browser_of(User.objects.get(pk=asset.owner_id))
    client.post("/language", {"language": "zh-hans", "next": "/messages"})
    letter = Letter.objects.get(statement__asset=asset)
    shown = text(client, f"/messages/{letter.pk}")
    for words in ("生效中", "案件编号", "您可以做什么"):
        assert words in shown
    for words in ("It holds", "What we did", "Where it stands"):
        assert words not in shown
