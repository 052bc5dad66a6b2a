"""Compositions on pages: the form, the parts side by side, the whole."""

import pytest
from django.test import Client

from generation.app import board
from generation.app.models import Composition
from tests.factories import make_account
from tests.integration.generation.composing import judge, make, make_the_rest, stream
from tests.integration.generation.paying import moved
from tests.integration.web.conftest import SignIn
from tidegate.assets.models import Asset
from tidegate.web.templatetags.answers import answer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, gate: object, issued: list[str]) -> None:
    """Nothing is published: there is no Valkey."""
    monkeypatch.setattr(board, "publish", lambda *_: None)


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_a_story_is_asked_for_watched_and_shown_as_one(sign_in: SignIn) -> None:
    account = make_account()
    author, other = sign_in(account.user), sign_in(make_account().user)
    form = text_of(author, "/compositions?recipe=illustrated-story")
    assert 'name="recipe:illustrated-story.subject"' in form
    sent = {
        "recipe": "illustrated-story",
        "project": str(account.project.pk),
        "recipe:illustrated-story.subject": "a small boat",
        "recipe:illustrated-story.mood": "gentle",
        "recipe:illustrated-story.voice": "af_heart",
    }
    refused = author.post("/compositions/new", sent | {"recipe:illustrated-story.subject": ""})
    assert refused.status_code == 422
    answer = author.post("/compositions/new", sent)
    composition = Composition.objects.get()
    assert composition.inputs["mood"] == "gentle"
    page = f"/compositions/{composition.pk}"
    assert answer.headers["HX-Redirect"] == page
    assert "Waits for another part to pass." in text_of(author, page)
    assert other.get(page).status_code == 404
    for modality in ("text", "image"):
        make(modality)
    for name in ("story", "picture"):
        judge(composition, name)
    stream()
    make_the_rest(composition)
    stream()
    moved(Asset.objects.get(pk=composition.pk), "released")
    assert "it is shown as one" in text_of(author, page)
    whole = text_of(other, f"/assets/{composition.pk}")
    assert whole.count("/media/") >= 2
    assert "A boat sailed out." in whole
    library = text_of(author, "/library")
    assert library.count('class="card tile"') == 1
    seen = text_of(author, f"{page}/card")
    assert "Open the whole" in seen


def test_an_answer_in_json_is_shown_field_by_field() -> None:
    asset = Asset(modality="text", text='{"title": "Cats", "slides": [{"words": "Purr."}]}')
    title, slides = answer(asset)
    assert (title.name, title.words) == ("Title", "Cats")
    assert slides.inside[0].inside[0].words == "Purr."
    assert answer(Asset(modality="text", text="{Once upon a time}")) == ()
