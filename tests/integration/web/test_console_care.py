"""The console's care for reviewers: settings, figures, and the page of a break."""

import re
from typing import Any

import pytest

from moderation.app import services
from moderation.app.care_choices import MannerChoice
from moderation.app.models import CareRules, Case, ReviewerCare
from tests import factories
from tests.integration.moderation import caring
from tests.integration.moderation.clock import Clock
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import messages_of, page_of, refused_by_policy, text_of
from tidegate.accounts.models import User
from tidegate.audit.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

FORM = {"blur": "", "grey": "", "muted": "", "stills": "", "last:violence": "1"}
FORM |= {"last:violent_crime": "2"}
RULES = {
    "blur": "strong",
    "grey": "on",
    "muted": "on",
    "stills": "on",
    "floor_blur": "none",
    "last:violence": "1",
    "work_minutes": "60",
    "exposures": "1",
    "break_minutes": "10",
    "reason": "We agreed on it.",
}


@pytest.fixture
def reviewer() -> User:
    return factories.make_user(staff=("reviewer",))


def test_somebody_chooses_on_the_page_and_the_page_shows_it(
    sign_in: SignIn, reviewer: User
) -> None:
    client = sign_in(reviewer)
    page = text_of(client.get("/console/care"))
    assert refused_by_policy(page) == []
    assert "as for everybody (strongly blurred)" in page
    chosen = {
        **FORM,
        "blur": "light",
        "muted": "no",
        "blur:spam": "none",
        "grey:hate": "yes",
        "last:violent_crime": "",
        "last:hate": "7",
        "opted_out": ["sexual", "self_harm"],
    }
    answer = client.post("/console/care", chosen, follow=True)
    assert messages_of(answer) == ["Done, and kept in the trail."]
    row = ReviewerCare.objects.get()
    assert (row.blur, row.is_grey, row.is_muted, row.has_stills) == ("light", None, False, None)
    assert row.by_hazard == {"spam": {"blur": "none"}, "hate": {"is_grey": True}}
    assert (row.last, row.opted_out) == (["violence", "hate"], ["self_harm", "sexual"])
    page = text_of(answer)
    assert re.search(r'name="opted_out" value="self_harm" checked', page)
    assert re.search(r'name="last:hate"[^>]* value="2"', page)
    assert re.search(r'value="light" selected', page)
    client.post("/console/care", FORM)
    row.refresh_from_db()
    assert (row.blur, row.by_hazard, row.last, row.opted_out) == ("", {}, None, [])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"blur": "heavy"}, "Choose one of the offered strengths."),
        ({"grey": "maybe"}, "Choose one of the offered answers."),
        ({"grey:hate": "1"}, "Choose one of the offered answers."),
        ({"last:hate": "first"}, "This is no whole number."),
        ({"last:hate": "-1"}, "This is no whole number."),
        ({"opted_out": ["gore"]}, "There is no such hazard."),
        ({"opted_out": ["spam", "spam"]}, "Each hazard once."),
    ],
)
def test_a_form_of_nonsense_says_what_is_wrong_and_keeps_nothing(
    sign_in: SignIn, reviewer: User, wrong: dict[str, Any], said: str
) -> None:
    answer = sign_in(reviewer).post("/console/care", {**FORM, **wrong}, follow=True)
    assert messages_of(answer) == [said]
    assert not ReviewerCare.objects.filter(opted_out__len__gt=0).exists()
    assert not Entry.objects.filter(action="care.changed").exists()


def test_a_lead_sets_what_holds_for_everybody_and_sees_who_needs_rest(
    sign_in: SignIn, reviewer: User
) -> None:
    case = caring.case_about("violence")
    services.note_view(case_id=case.pk, viewer=factories.viewer_of(reviewer))
    lead = sign_in(factories.make_user(display_name="Lea", staff=("policy_admin",)))
    answer = lead.post("/console/care/rules", RULES, follow=True)
    assert messages_of(answer) == ["Done, and kept in the trail."]
    page = text_of(answer)
    assert refused_by_policy(page) == []
    assert "Reviewers today" in page
    assert re.search(r"Ada</th><td>1</td><td>1</td><td>0</td><td>0</td><td>1 · since", page)
    assert re.search(r"until \d\d:\d\d</td></tr>", page)
    assert CareRules.objects.get().exposures == 1
    for wrong, said in (
        ({"reason": ""}, "Say why."),
        ({"exposures": "many"}, "This is no whole number."),
        ({"work_minutes": "99999"}, "A number is too small or too large."),
        ({"floor_blur": "strong", "blur": "none"}, "Your lead set that nobody is shown more"),
    ):
        refused = lead.post("/console/care/rules", {**RULES, **wrong}, follow=True)
        assert messages_of(refused)[0].startswith(said)
    client = sign_in(reviewer)
    assert "Reviewers today" not in text_of(client.get("/console/care"))
    client.post("/console/care/rules", {**RULES, "exposures": "9"})
    assert CareRules.objects.get().exposures == 1


def test_outsiders_find_no_page_of_care(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user())
    for path in ("care", "break"):
        assert client.get(f"/console/{path}").status_code == 404
    assert client.post("/console/care/rules", RULES).status_code == 404


def test_whoever_has_to_rest_is_told_how_long_and_may_finish_what_they_hold(
    sign_in: SignIn, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    caring.lay_down(exposures=1)
    case, other = caring.case_about("violence"), caring.case_about("spam", severity=10)
    client = sign_in(reviewer)
    client.post("/console/cases/next")
    page_of(client, case.pk)
    refused = client.post(f"/console/cases/{other.pk}/claim")
    assert refused["Location"] == "/console/break"
    clock.forward(minutes=3)
    page = text_of(client.get("/console/break"))
    assert "7 minutes left" in page
    assert 'hx-get="/console/break" hx-trigger="every 15s"' in page
    assert f'href="/console/cases/{case.pk}"' in page
    assert "You have seen 1 graphic case in one sitting." in page
    assert refused_by_policy(page) == []
    ruling = {"action": "release", "reason": "Within the policy."}
    decided = client.post(f"/console/cases/{case.pk}/decision", ruling)
    assert decided["Location"] == "/console/break"
    assert Case.objects.get(pk=case.pk).state == "decided"
    fragment = text_of(client.get("/console/break", headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    assert "10 minutes left" in fragment
    assert client.post("/console/cases/next")["Location"] == "/console/break"
    clock.forward(minutes=10)
    assert "No break is due" in text_of(client.get("/console/break"))
    assert client.post("/console/cases/next")["Location"] == f"/console/cases/{other.pk}"


def test_a_floor_is_offered_to_nobody_as_a_choice(sign_in: SignIn, reviewer: User) -> None:
    caring.lay_down(floor=MannerChoice("light", True, True, True))
    page = text_of(sign_in(reviewer).get("/console/care"))
    assert "For everybody at least: lightly blurred." in page
    assert page.count('value="no" disabled') == 3
    assert 'value="none"' not in page
    assert 'value="light"' in page


def test_the_pages_are_in_chinese_too(sign_in: SignIn, reviewer: User) -> None:
    client = sign_in(reviewer)
    case = caring.case_about("violence")
    for path, words in (
        ("care", ("审核员关怀", "不分配给我", "与全体一致（重度模糊）")),
        ("break", ("现在无须休息",)),
        ("", ("今天 0 件伤害性案件",)),
        (f"cases/{case.pk}", ("显示后切换为彩色",)),
    ):
        page = text_of(client.get(f"/console/{path}", headers={"Accept-Language": "zh-hans"}))
        assert all(word in page for word in words), path
