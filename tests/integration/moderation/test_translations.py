"""Translations: masked before they leave, once per text, a look in the trail, and an honest no."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core.cache import cache

from moderation.app import services
from moderation.app.translators import ChatTranslator
from tests import factories
from tests.integration.api.caller import post, problem, signed_in
from tests.integration.moderation import stage
from tidegate.contracts.ports import register_translator
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound, TidegateError
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


class TranslatorFake(HTTPServer):
    """A chat server on the loopback that turns every text into capitals."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.status, self.answer = 200, ""


class _Handler(BaseHTTPRequestHandler):
    server: TranslatorFake

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["Authorization"])
        words = self.server.answer or body["messages"][1]["content"].upper()
        content = json.dumps({"choices": [{"message": {"content": words}}]}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[TranslatorFake]:
    fake = TranslatorFake()
    thread = Thread(target=fake.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{fake.server_port}/v1"
    register_translator(ChatTranslator(url, "some-model", "secret"))
    cache.clear()
    yield fake
    register_translator(None)
    fake.shutdown()
    fake.server_close()


def test_what_a_case_says_is_translated_masked_and_once(server: TranslatorFake) -> None:
    _, case = stage.held(content="violencemaybe, mail ada@example.com")
    viewer = stage.staff("reviewer")
    found = services.translate_case(case_id=case.pk, viewer=viewer, target="zh")
    assert [one.surface for one in found] == ["prompt", "text"]
    assert found[1].text == "VIOLENCEMAYBE, MAIL [E-MAIL 1]"
    assert found[1].engine == "some-model (127.0.0.1)"
    assert "ada@example.com" not in json.dumps(server.asked)
    assert "Simplified Chinese" in server.asked[0]["messages"][0]["content"]
    assert server.keys == ["Bearer secret"] * 2
    again = services.translate_case(case_id=case.pk, viewer=viewer, target="zh")
    assert again == found
    assert len(server.asked) == 2
    assert stage.trail(case.pk).count("case.translated") == 1


@pytest.mark.parametrize(("status", "answer"), [(500, ""), (200, "   ")])
def test_a_translator_that_does_not_answer_is_said(
    server: TranslatorFake, status: int, answer: str
) -> None:
    server.status, server.answer = status, answer
    _, case = stage.held()
    with pytest.raises(TidegateError) as refused:
        services.translate_case(case_id=case.pk, viewer=stage.staff("reviewer"), target="en")
    assert (refused.value.code, refused.value.status) == ("translator_away", 503)


def test_without_a_translator_nothing_is_offered_and_the_answer_is_clear() -> None:
    _, case = stage.held()
    client = signed_in(factories.make_user(staff=["reviewer"]))
    page = client.get(f"/console/cases/{case.pk}").content.decode()
    assert "data-translate" not in page
    at = f"/api/v1/cases/{case.pk}/translation"
    problem(post(client, at, {"language": "en"}), 501, "no_translator")


def test_the_page_and_the_api_show_it_with_what_translated(server: TranslatorFake) -> None:
    _, case = stage.held()
    client = signed_in(factories.make_user(staff=["reviewer"]))
    assert "data-translate" in client.get(f"/console/cases/{case.pk}").content.decode()
    page = client.post(f"/console/cases/{case.pk}/translation").content.decode()
    assert "SOME VIOLENCEMAYBE HERE" in page
    assert "translated by machine" in page
    at = f"/api/v1/cases/{case.pk}/translation"
    assert post(client, at, {"language": "zh"}).json()[1]["text"] == "SOME VIOLENCEMAYBE HERE"
    assert problem(post(client, at, {"language": "xx"}), 400, "invalid_input") == ["/language"]


def test_only_who_may_read_a_case_has_it_translated(server: TranslatorFake) -> None:
    _, case = stage.held()
    nobody = factories.viewer_of(factories.make_user())
    with pytest.raises(NotAllowed):
        services.translate_case(case_id=case.pk, viewer=nobody, target="en")
    with pytest.raises(NotFound):
        services.translate_case(case_id=new_id(), viewer=stage.staff("reviewer"), target="en")
    with pytest.raises(InvalidInput):
        services.translate_case(case_id=case.pk, viewer=stage.staff("reviewer"), target="xx")
    assert server.asked == []
