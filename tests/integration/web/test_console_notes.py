"""Notes and mentions in the console and over HTTP."""

import json

import pytest

from moderation.app.models import Mention
from tests import factories
from tests.integration.moderation import stage
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import messages_of, refused_by_policy, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def test_a_colleague_is_called_upon_and_finds_the_way_to_the_case(sign_in: SignIn) -> None:
    _, case = stage.held()
    rae = factories.make_user(display_name="Rae", staff=("reviewer",))
    sol = factories.make_user(display_name="Sol", staff=("auditor",))
    client = sign_in(rae)
    at = f"/console/cases/{case.pk}"
    page = text_of(client.get(at))
    assert refused_by_policy(page) == []
    assert 'data-mention="@Sol"' in page
    answer = client.post(f"{at}/notes", {"words": "@Sol, <b>is</b> this a film?"}, follow=True)
    assert messages_of(answer) == ["Kept."]
    assert "@Sol, &lt;b&gt;is&lt;/b&gt; this a film?" in text_of(answer)
    other = sign_in(sol)
    waiting = text_of(other.get("/console/mentions"))
    assert refused_by_policy(waiting) == []
    assert '<span class="count">1</span>' in waiting
    answer = other.post(f"/console/mentions/{Mention.objects.get().pk}")
    assert answer.headers["Location"] == at
    assert '<span class="count">1</span>' not in text_of(other.get("/console/mentions"))


def test_notes_over_http(sign_in: SignIn) -> None:
    _, case = stage.held()
    client = sign_in(factories.make_user(display_name="Rae", staff=("reviewer",)))
    at, kind = f"/api/v1/cases/{case.pk}/notes", "application/json"
    assert client.post(at, json.dumps({"words": "A note."}), content_type=kind).status_code == 201
    (note,) = client.get(at).json()
    assert (note["author"], note["words"], note["mentions"]) == ("Rae", "A note.", [])
    refused = client.post(at, json.dumps({"words": ""}), content_type=kind)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/words")
    assert sign_in(factories.make_user()).get(at).status_code in {403, 404}
