"""Deciding in the console: actions and reasons, agreeing, undoing, and many cases at once."""

import re
from typing import Any

import pytest

from moderation.app import services
from moderation.app.models import BulkDecision, Decision
from tests import factories
from tests.integration.moderation import stage
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import messages_of, refused_by_policy, text_of
from tidegate.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.fixture
def reviewer() -> User:
    return factories.make_user(staff=("reviewer",))


@pytest.fixture
def senior() -> User:
    return factories.make_user(staff=("senior_reviewer",))


def decide(client: Any, case: Any, **form: Any) -> Any:
    return client.post(f"/console/cases/{case.pk}/decision", {"reason": "So.", **form}, follow=True)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_form_offers_what_the_role_may_do_and_every_reason(
    sign_in: SignIn, reviewer: User, senior: User, language: str
) -> None:
    _, case = stage.held()
    headers = {"Accept-Language": language}
    mine = text_of(sign_in(reviewer).get(f"/console/cases/{case.pk}", headers=headers))
    theirs = text_of(sign_in(senior).get(f"/console/cases/{case.pk}", headers=headers))
    assert refused_by_policy(mine) == []
    for name in ("release", "block", "rate", "label", "remove", "second_level", "refer_to_legal"):
        assert f'name="action" value="{name}"' in mine
    assert 'value="restrict_author"' not in mine
    assert 'value="restrict_author"' in theirs
    assert 'data-needs="copyright"' in mine
    if language == "zh-hans":
        assert "More actions" not in mine
        assert "哪部作品" in mine


def test_a_rating_and_a_reason_with_its_fields_are_taken_from_the_form(
    sign_in: SignIn, reviewer: User
) -> None:
    (_, one), (_, two) = stage.held(), stage.held(content="violencemaybe again")
    client = sign_in(reviewer)
    decide(client, one, action="rate", rating="mature", labels=["fiction"])
    missing = decide(client, two, action="block", reason_code="copyright")
    assert messages_of(missing) == ["Something is missing; look at the fields of the reason."]
    done = decide(
        client, two, action="block", reason_code="copyright", **{"copyright-work": "The Film"}
    )
    assert messages_of(done) == ["Blocked.", "No case waits here."]
    rated, blocked = Decision.objects.order_by("created_at")
    assert (rated.details, blocked.details) == ({"rating": "mature"}, {"work": "The Film"})


def test_a_decision_is_offered_to_be_undone_on_the_next_page(
    sign_in: SignIn, reviewer: User
) -> None:
    _, case = stage.held()
    client = sign_in(reviewer)
    page = text_of(decide(client, case, action="block"))
    assert refused_by_policy(page) == []
    found = re.search(r'action="(/console/decisions/[^"]+/undo)"', page)
    assert found is not None
    answer = client.post(found[1], follow=True)
    assert messages_of(answer) == ["Taken back: the case is yours again."]
    assert "data-decision" in text_of(answer)
    assert "data-undo" not in text_of(client.get("/console/"))


def test_undoing_what_is_too_late_or_anothers_says_so(
    sign_in: SignIn, reviewer: User, senior: User
) -> None:
    _, case = stage.held()
    decide(sign_in(reviewer), case, action="block")
    made = Decision.objects.get()
    answer = sign_in(senior).post(f"/console/decisions/{made.pk}/undo", follow=True)
    assert messages_of(answer) == ["Only your own decision can be undone."]


def test_somebody_agrees_with_a_proposal_by_one_button(
    sign_in: SignIn, reviewer: User, senior: User
) -> None:
    asset, case = stage.held()
    asked = decide(sign_in(reviewer), case, action="remove", reason="Never again.")
    assert messages_of(asked)[0] == "Somebody else decides it now."
    client = sign_in(senior)
    page = text_of(client.get(f"/console/cases/{case.pk}"))
    assert "Never again." in page
    form = re.search(r"<form[^>]*data-agree>(.*?)</form>", page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[1]))
    del fields["csrfmiddlewaretoken"]
    assert fields["action"] == "remove"
    client.post(f"/console/cases/{case.pk}/decision", fields)
    assert stage.visibility(asset) == "blocked"


def test_a_lead_takes_a_decision_back_on_its_page(
    sign_in: SignIn, reviewer: User, senior: User
) -> None:
    _, case = stage.held()
    decide(sign_in(reviewer), case, action="block")
    made, client = Decision.objects.get(), sign_in(senior)
    assert f"/console/decisions/{made.pk}/reversal" in text_of(
        client.get(f"/console/cases/{case.pk}")
    )
    answer = client.post(
        f"/console/decisions/{made.pk}/reversal", {"reason": "A mistake."}, follow=True
    )
    assert messages_of(answer) == ["Taken back: the case waits again."]


def test_many_cases_are_chosen_previewed_decided_and_taken_back(
    sign_in: SignIn, senior: User
) -> None:
    cases = [stage.held(content=f"violencemaybe {at}")[1] for at in range(3)]
    client = sign_in(senior)
    page = text_of(client.get("/console/bulk?because=hold"))
    assert refused_by_policy(page) == []
    assert page.count('name="case"') == 3
    chosen = {"case": [str(case.pk) for case in cases[:2]], "action": "block"}
    preview = client.post("/console/bulk/preview", chosen)
    assert preview.context["preview"].decided == 2
    shown = text_of(preview)
    assert refused_by_policy(shown) == []
    digest = re.search(r'name="digest" value="(\w+)"', shown)
    assert digest is not None
    begun = client.post(
        "/console/bulk/start", {**chosen, "digest": digest[1], "reason": "A wave."}, follow=True
    )
    assert 'hx-trigger="every 2s"' in text_of(begun)
    services.advance_bulks(seconds=10)
    bulk = BulkDecision.objects.get()
    at = f"/console/bulk/{bulk.pk}"
    assert '<dd data-figure="decided">2</dd>' in text_of(client.get(at))
    assert "hx-get" not in text_of(client.get(at))
    client.post(f"{at}/reversal", {"reason": "The wrong wave."})
    services.advance_bulks(seconds=10)
    assert '<dd data-figure="reversed">2</dd>' in text_of(
        client.get(at, headers={"HX-Request": "true"})
    )


def test_nothing_chosen_is_said_and_reviewers_have_no_bulk(
    sign_in: SignIn, reviewer: User, senior: User
) -> None:
    stage.held()
    answer = sign_in(senior).post("/console/bulk/preview", {"action": "block"}, follow=True)
    assert messages_of(answer) == ["Choose some cases, and not too many."]
    client = sign_in(reviewer)
    assert client.get("/console/bulk").status_code == 404
    assert "/console/bulk" not in text_of(client.get("/console/"))
