"""Second looks in the console: a page like any other, and figures for those who answer for it."""

import re
from datetime import timedelta
from typing import Any

import pytest

from moderation.app import services
from moderation.app.models import Case, GoldenItem, PolicyVersion, SecondLook
from moderation.core.quality_rules import parse
from tests import factories
from tests.integration.moderation import stage
from tests.integration.moderation.policies import shipped
from tests.integration.moderation.test_second_looks import ALL
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import messages_of, refused_by_policy, text_of
from tidegate.accounts.models import User
from tidegate.primitives.clock import now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.fixture(autouse=True)
def everything_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from moderation.app.selectors import calibration, records
    from moderation.app.services import call_verdicts, next_work, sampling

    for module in (calibration, records, call_verdicts, next_work, sampling):
        monkeypatch.setattr(module, "quality_rules", lambda: parse(ALL))


@pytest.fixture
def second() -> User:
    return factories.make_user(display_name="Sven", staff=("reviewer",))


@pytest.fixture
def done() -> Case:
    _, case = stage.held()
    first = stage.staff("reviewer", name="Fanny")
    return services.decide_case(
        case_id=case.pk, viewer=first, action="block", reason="Because of Fanny."
    )


def given_to(client: Any) -> str:
    """Ask for the next case, and return its address."""
    page = client.post("/console/cases/next")
    return str(page.headers["Location"])


def shape(page: str) -> list[str]:
    """Return what a page is made of: its forms, buttons, headings and keys, without ids."""
    bare = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", page)
    found = re.findall(r'(?:action|name|id|data-[a-z-]+)="([^"]*)"|<h[12][^>]*>([^<]*)<', bare)
    return [one or other for one, other in found if not re.search(r"\d\d:\d\d", one or other)]


def test_the_page_of_a_second_look_is_like_that_of_a_case(
    sign_in: SignIn, second: User, done: Case
) -> None:
    client = sign_in(second)
    at = given_to(client)
    assert str(SecondLook.objects.get().pk) in at
    page = text_of(client.get(at))
    assert refused_by_policy(page) == []
    assert "Because of Fanny" not in page
    assert "Blocked" not in page
    assert 'href="/assets/' not in page
    # A case of the same kind that waits, for the same person.
    _, waiting = stage.held(content="violencemaybe, the other")
    client.post(f"/console/cases/{waiting.pk}/claim")
    other = text_of(client.get(f"/console/cases/{waiting.pk}"))
    assert shape(page) == shape(other)


def test_it_is_decided_undone_and_given_back_as_a_case_is(
    sign_in: SignIn, second: User, done: Case
) -> None:
    client = sign_in(second)
    at = given_to(client)
    assert client.post(f"{at}/lease").status_code == 204
    missing = client.post(f"{at}/decision", {"action": "release"}, follow=True)
    assert messages_of(missing) == ["A decision needs a reason."]
    after = client.post(f"{at}/decision", {"action": "release", "reason": "Fine."}, follow=True)
    assert messages_of(after) == ["Released.", "No case waits here."]
    undo = re.search(r'action="(/console/decisions/[^"]+/undo)"', text_of(after))
    assert undo
    again = client.post(undo[1], follow=True)
    assert messages_of(again) == ["Taken back: the case is yours again."]
    assert again.redirect_chain[-1][0] == at
    ahead = client.post(
        f"{at}/decision", {"action": "block", "reason": "No."}, headers={"X-Ahead": "yes"}
    )
    assert "data-undo" in text_of(ahead)
    assert SecondLook.objects.get().answer == "block"
    assert stage.visibility(done.asset) == "blocked"
    twice = client.post(f"{at}/decision", {"action": "block", "reason": "No."}, follow=True)
    assert len(messages_of(twice)) == 1


def test_notes_veils_and_personal_data_work_as_on_a_case(
    sign_in: SignIn, second: User, done: Case
) -> None:
    client = sign_in(second)
    at = given_to(client)
    client.post(f"{at}/notes", {"words": "I wonder."})
    assert "I wonder." in text_of(client.get(at))
    assert client.post(f"{at}/look", {"quiet": "yes"}).status_code == 204
    shown = client.post(f"{at}/reveal", {"reason": "I must."})
    assert "Because of Fanny" not in text_of(shown)
    assert {"case.viewed", "case.unveiled", "case.revealed"} <= set(stage.trail(done.pk))
    client.post("/console/cases/next", {"besides": SecondLook.objects.get().pk})
    assert SecondLook.objects.get().state == "waiting"


def test_somebody_elses_second_look_is_no_page(sign_in: SignIn, second: User, done: Case) -> None:
    at = given_to(sign_in(second))
    other = sign_in(factories.make_user(staff=("reviewer",)))
    assert other.get(at).status_code == 404
    other.post(f"{at}/decision", {"action": "block", "reason": "x"})
    assert SecondLook.objects.get().state == "claimed"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_figures_known_answers_and_a_draft(
    sign_in: SignIn, second: User, done: Case, language: str, engine: Any
) -> None:
    shipped(engine)
    client = sign_in(second)
    at = given_to(client)
    client.post(f"{at}/decision", {"action": "release", "reason": "Fine."})
    SecondLook.objects.update(answered_at=now() - timedelta(minutes=1))
    services.settle_second_looks()
    admin = sign_in(factories.make_user(display_name="Ada", staff=("policy_admin",)))
    headers = {"Accept-Language": language}

    page = text_of(admin.get("/console/quality?days=30", headers=headers))

    assert refused_by_policy(page) == []
    assert 'data-figure="twice">1<' in page
    assert "Sven" in page
    assert "TP" in page
    assert "Who agrees" in page or language != "en"
    own = text_of(client.get("/console/quality"))
    assert 'data-figure="twice"' not in own
    # The adjudicator reads both.
    dispute = SecondLook.objects.get().adjudication
    assert dispute is not None
    senior = sign_in(factories.make_user(staff=("senior_reviewer",)))
    both = text_of(senior.get(f"/console/cases/{dispute.pk}"))
    assert "data-disagreement" in both
    assert "Because of Fanny." in both
    made = senior.post(
        f"/console/cases/{done.pk}/golden",
        {"answer": "block", "explanation": "It says why."},
        follow=True,
    )
    assert "It says why." in text_of(made)
    golden = GoldenItem.objects.get()
    senior.post(f"/console/quality/golden/{golden.pk}/retirement")
    golden.refresh_from_db()
    assert golden.retired_at is not None
    form = {"surface": "text", "detector": "text_hazards", "hazard": "violence"}
    refused = admin.post(
        "/console/quality/thresholds", {**form, "hold_at": "x", "reason": "So."}, follow=True
    )
    assert len(messages_of(refused)) == 1
    admin.post("/console/quality/thresholds", {**form, "hold_at": "0.7", "reason": "So."})
    assert PolicyVersion.objects.filter(state="draft").count() == 1
