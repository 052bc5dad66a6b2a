"""The queues in the console: rules are read by everybody and written by leads."""

import pytest

from moderation.app.models import ReviewerSkill, ReviewQueue
from tests import factories
from tests.integration.moderation import stage
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import messages_of, refused_by_policy, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_lead_writes_tries_and_removes_a_queue(sign_in: SignIn, language: str) -> None:
    ReviewQueue.objects.all().delete()
    stage.held()
    client = sign_in(factories.make_user(staff=("senior_reviewer",)))
    headers = {"Accept-Language": language}
    form = {"name": "films", "title": "Films", "position": "5", "rule": 'modality == "video"'}
    tried = client.post("/console/queues/save", {**form, "do": "preview"}, headers=headers)
    assert refused_by_policy(text_of(tried)) == []
    assert ("It would take 0 of the 1" in text_of(tried)) is (language == "en")
    assert not ReviewQueue.objects.exists()
    wrong = client.post("/console/queues/save", {**form, "rule": "modality = 1"})
    assert wrong.status_code == 422
    assert "line 1" in text_of(wrong)
    assert 'value="Films"' in text_of(wrong)
    client.post("/console/queues/save", {**form, "needs": "film, zh", "is_paused": "on"})
    made = ReviewQueue.objects.get()
    assert (made.needs, made.is_paused, made.position) == (["film", "zh"], True, 5)
    edit = text_of(client.get(f"/console/queues?queue={made.pk}", headers=headers))
    assert "modality == &quot;video&quot;" in edit
    client.post("/console/queues/save", {**form, "queue_id": made.pk, "rule": "is_late"})
    made.refresh_from_db()
    assert (made.rule, made.is_paused) == ("is_late", False)
    client.post(f"/console/queues/{made.pk}/removal")
    assert not ReviewQueue.objects.exists()


def test_reviewers_read_the_rules_and_filter_by_queue(sign_in: SignIn) -> None:
    ReviewQueue.objects.all().delete()
    lead = sign_in(factories.make_user(display_name="Lea", staff=("senior_reviewer",)))
    form = {"name": "harm", "title": "Harm", "position": "5", "rule": '"violence" in hazards'}
    lead.post("/console/queues/save", form)
    _, case = stage.held()
    lead.get(f"/console/cases/{case.pk}")
    client = sign_in(factories.make_user(staff=("reviewer",)))
    rules = text_of(client.get("/console/queues"))
    assert "&quot;violence&quot; in hazards" in rules
    assert 'name="rule"' not in rules
    page = text_of(client.get("/console/?queue=harm"))
    assert str(case.pk) in page
    assert "Lea" in page
    taken = client.post("/console/cases/next", {"queue": "harm"})
    assert taken.headers["Location"].endswith(f"{case.pk}?queue=harm")
    assert "data-present" in text_of(client.get(f"/console/cases/{case.pk}"))
    assert client.get("/console/?queue=nonsense").status_code == 200


def test_skills_are_kept_on_the_staff_page(sign_in: SignIn) -> None:
    reviewer = factories.make_user(staff=("reviewer",))
    client = sign_in(factories.make_user(staff=("senior_reviewer",)))
    client.post(f"/console/people/{reviewer.pk}/skills", {"skills": "zh, film"})
    assert set(ReviewerSkill.objects.values_list("skill", flat=True)) == {"zh", "film"}
    assert 'value="film zh"' in text_of(client.get("/console/people"))
    wrong = client.post(f"/console/people/{reviewer.pk}/skills", {"skills": "NO!"}, follow=True)
    assert len(messages_of(wrong)) == 1
