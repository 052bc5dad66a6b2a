"""The page of a preset: its versions, the form of the next one, and the way to everybody."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from generation.app.models import Preset, PresetVersion
from generation.app.presets import publishing, services
from generation.app.presets.words import PresetWords
from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.contracts.moderation import VerdictName
from tidegate.projects.services import Account

pytestmark = pytest.mark.django_db

AREA = re.compile(r'<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', re.DOTALL)
SELECT = re.compile(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
ERROR = re.compile(r'<p class="error"[^>]*data-error-at="([^"]+)">(.*?)</p>', re.DOTALL)


@pytest.fixture
def account(gate: FakeGate, issued: list[str]) -> Account:
    return factories.make_account(display_name="Mira Creator")


@pytest.fixture
def client(account: Account, sign_in: SignIn) -> Client:
    return sign_in(account.user)


def kept(account: Account, **fields: Any) -> PresetVersion:
    whole: dict[str, Any] = {
        "name": "Animals",
        "model_name": "tidegate-image",
        "prompt": "a {mood} {*animals}",
        "style": "ink",
        "parameters": {"steps": 9},
        "variables": [
            {"name": "mood", "type": "choice", "choices": ["sleepy", 7], "default": "sleepy"}
        ],
        "lists": {"animals": ["cat", "", "dog"]},
    }
    return services.create_preset(
        viewer=factories.viewer_of(account.user),
        organisation_id=account.project.organisation_id,
        scope="user",
        words=PresetWords(**whole | fields),
    )


def at(version: PresetVersion, what: str = "") -> str:
    return f"/studio/presets/{version.preset_id}{what}"


def as_filled(client: Client, version: PresetVersion) -> dict[str, str]:
    """What a browser would send if nobody touched the form."""
    page = text_of(client.get(at(version)))
    form = page[page.index('id="next"') : page.index("</form>", page.index('id="next"'))]
    sent = {}
    for tag in re.findall(r"<input [^>]*>", form):
        marks = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if marks.get("type") == "checkbox" and "checked" not in tag:
            continue
        sent[marks["name"]] = unescape(marks.get("value", "on"))
    for name, text in AREA.findall(form):
        sent[name] = unescape(text).replace("\n", "\r\n")
    for name, options in SELECT.findall(form):
        chosen = re.search(r'<option value="([^"]*)" selected>', options)
        sent[name] = unescape(chosen[1]) if chosen else ""
    sent.pop("csrfmiddlewaretoken")
    return sent


def said_at(html: str) -> dict[str, str]:
    """What a page says is wrong, by the field it is said at."""
    return {unescape(pointer): unescape(text) for pointer, text in ERROR.findall(html)}


def test_ones_presets_are_listed_with_how_they_stand(client: Client, account: Account) -> None:
    version = kept(account)
    archived = kept(account, name="Old ones")
    viewer = factories.viewer_of(account.user)
    services.archive_preset(viewer=viewer, preset_id=archived.preset_id, is_archived=True)
    page = text_of(client.get("/studio/presets"))
    assert ("Animals" in page, "Old ones" in page, "only for you" in page) == (True, False, True)
    assert f'href="{at(version)}"' in page
    assert refused_by_policy(page) == []
    publishing.publish_version(viewer=viewer, preset_id=version.preset_id)
    client.post(at(version, "/versions"), as_filled(client, version) | {"name": "Beasts"})
    page = text_of(client.get("/studio/presets?page=nonsense"))
    assert "version 1 is public" in page
    assert "only for you" in page


def test_an_empty_prompt_is_said_beside_what_it_leaves_unused(
    client: Client, account: Account
) -> None:
    version = kept(account)
    response = client.post(at(version, "/versions"), as_filled(client, version) | {"prompt": " "})
    said = said_at(text_of(response))
    assert said["/prompt"] == "Say what you want."
    assert set(said) == {"/prompt", "/variables/0/name", "/lists/animals"}


def test_an_untouched_form_is_no_new_version_and_a_changed_one_leaves_the_first(
    client: Client, account: Account
) -> None:
    first = kept(account)
    sent = as_filled(client, first)
    assert client.post(at(first, "/versions"), sent).headers["Location"] == at(first)
    assert PresetVersion.objects.count() == 1
    changed = sent | {"prompt": "one {mood} {*animals},\r\n{colour}", "parameters.steps": "12"}
    response = client.post(at(first, "/versions"), changed, follow=True)
    assert "Version 2 is kept." in text_of(response)
    second = PresetVersion.objects.get(number=2)
    assert second.prompt == "one {mood} {*animals},\n{colour}"
    assert (second.parameters, second.style) == ({"steps": 12}, "ink")
    # A number among the choices is no text because it went through a form; what is new is words.
    assert second.variables == [
        *first.variables,
        {"name": "colour", "type": "text", "maximum": 200},
    ]
    assert second.lists == first.lists
    before = PresetVersion.objects.get(number=1)
    assert (before.prompt, before.publication) == (first.prompt, "private")
    page = text_of(client.get(at(first, "?version=1")))
    assert "It begins with the text of version 1." in page
    assert "a {mood} {*animals}</textarea>" in page


def test_rows_are_added_changed_and_taken_out(client: Client, account: Account) -> None:
    first = kept(account)
    sent = as_filled(client, first) | {
        "prompt": "{count} {*animals} and {*plants}",
        "negative_prompt": "{without}",
        "variable.0.remove": "on",
        "variable.1.name": "count",
        "variable.1.type": "integer",
        "variable.1.default": "3",
        "variable.1.minimum": "1",
        "variable.1.maximum": "9",
        "variable.2.name": "without",
        "variable.2.type": "text",
        "variable.2.optional": "on",
        "variable.2.title": "Without what?",
        "list.0.entries": "owl\r\n\r\nfox\r\n\r\n",
        "list.1.name": "plants",
        "list.1.entries": "fern",
    }
    assert client.post(at(first, "/versions"), sent).status_code == 302
    second = PresetVersion.objects.get(number=2)
    assert second.variables == [
        {"name": "count", "type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        {"name": "without", "type": "text", "title": "Without what?", "default": ""},
    ]
    assert second.lists == {"animals": ["owl", "", "fox"], "plants": ["fern"]}


@pytest.mark.parametrize(
    ("wrong", "pointer", "says"),
    [
        ({"name": "  "}, "/name", "1 to 80"),
        ({"name": "x" * 81}, "/name", "1 to 80"),
        ({"name": "a\0b"}, "/name", "cannot be stored"),
        ({"description": "x" * 501}, "/description", "too long"),
        ({"prompt": " {"}, "/prompt", "cannot be read"),
        ({"prompt": "a {"}, "/prompt", "cannot be read"),
        ({"prompt": "a {mood} {*beasts} {*animals}"}, "/prompt", "There is no such list"),
        ({"prompt": "a {*animals}"}, "/variables/0/name", "Nothing uses this"),
        ({"prompt": "a {mood}"}, "/lists/animals", "Nothing uses this"),
        ({"style": "baroque"}, "/style", ""),
        ({"parameters.steps": "many"}, "/parameters/steps", "number"),
        ({"parameters.steps": "9" * 400}, "/parameters/steps", "bounds"),
        ({"parameters.guidance": "nan"}, "/parameters/guidance", ""),
        ({"variable.0.name": "Mood!"}, "/variables/0/name", "A name begins with"),
        ({"variable.0.title": "x" * 81}, "/variables/0/title", "too long"),
        ({"variable.0.type": "colour"}, "/variables/0/type", "no such choice"),
        ({"variable.0.choices": ""}, "/variables/0/choices", "bounds"),
        ({"variable.0.maximum": "much"}, "/variables/0/maximum", "must be a number"),
        ({"variable.0.maximum": "1e999"}, "/variables/0/maximum", "must be a number"),
        ({"variable.0.maximum": "9" * 400}, "/variables/0/maximum", "must be a number"),
        ({"variable.0.default": "angry"}, "/variables/0/default", ""),
        ({"list.0.entries": "x" * 201}, "/lists/animals", "too long"),
        ({"list.0.entries": ""}, "/lists/animals", "bounds"),
        ({"list.1.name": "animals", "list.1.entries": "x"}, "/lists/animals/name", "this name"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    client: Client, account: Account, *, wrong: dict[str, str], pointer: str, says: str
) -> None:
    version = kept(account)
    sent = as_filled(client, version) | {"description": "What I typed before."} | wrong
    response = client.post(at(version, "/versions"), sent)
    page = text_of(response)
    assert response.status_code == 422
    assert list(said_at(page)) == [pointer]
    assert says in said_at(page)[pointer]
    (field,) = re.findall(r"<(?:input|select|textarea) [^>]*aria-invalid[^>]*>", page)[:1]
    assert "autofocus" in field
    assert re.search(r'aria-describedby="[^"]*-error', field)
    if "description" not in wrong:
        assert "What I typed before.</textarea>" in page
    assert refused_by_policy(page) == []
    assert PresetVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"latest": "0"}, 409),
        ({"latest": "nonsense"}, 422),
        ({"latest": ""}, 422),
        ({"base": "nonsense"}, 400),
        ({"base": "7"}, 404),
        ({"base": "9" * 40}, 400),
    ],
)
def test_a_form_of_a_version_that_is_none_writes_nothing(
    client: Client, account: Account, *, wrong: dict[str, str], status: int
) -> None:
    version = kept(account)
    sent = as_filled(client, version) | {"name": "Beasts"} | wrong
    assert client.post(at(version, "/versions"), sent).status_code == status
    assert client.get(at(version, "?version=nonsense")).status_code == 400
    assert client.get(at(version, "?version=7")).status_code == 404
    assert PresetVersion.objects.count() == 1


def test_a_version_that_was_written_meanwhile_is_not_passed_over(
    client: Client, account: Account
) -> None:
    version = kept(account)
    stale = as_filled(client, version) | {"name": "Mine"}
    client.post(at(version, "/versions"), as_filled(client, version) | {"name": "Theirs"})
    response = client.post(at(version, "/versions"), stale)
    page = text_of(response)
    assert response.status_code == 409
    assert "Somebody wrote another version meanwhile." in page
    assert "Look at version 2" in page
    assert 'value="Mine"' in page
    # Whoever has looked may go on with what they typed.
    assert 'name="latest" value="2"' in page
    assert client.post(at(version, "/versions"), stale | {"latest": "2"}).status_code == 302
    names = PresetVersion.objects.order_by("number").values_list("name", flat=True)
    assert list(names) == ["Animals", "Theirs", "Mine"]


@pytest.mark.parametrize(
    ("verdict", "publication", "state", "told", "button"),
    [
        ("release", "public", "public", "It is public now.", "Take it back from everybody"),
        ("hold", "held", "waiting for the gate", "The gate is in doubt", "Ask the gate again"),
        (
            "unavailable",
            "unanswered",
            "waiting for the gate",
            "The gate did not answer",
            "Ask the gate again",
        ),
        ("block", "refused", "refused", "The gate refused it.", ""),
    ],
)
def test_the_gate_is_asked_and_its_answer_is_shown(
    client: Client,
    account: Account,
    gate: FakeGate,
    *,
    verdict: VerdictName,
    publication: str,
    state: str,
    told: str,
    button: str,
) -> None:
    version = kept(account)
    assert "Publish version 1" in text_of(client.get(at(version)))
    gate.prompt_verdict = verdict
    page = text_of(client.post(at(version, "/publish"), {"version": "1"}, follow=True))
    version.refresh_from_db()
    assert version.publication == publication
    assert told in page
    assert f">{state}</span>" in page
    assert ("This may show or describe violence." in page) == (verdict in {"hold", "block"})
    assert button in page
    assert "Publish version 1" not in page


def test_what_was_public_is_taken_back_and_what_was_refused_is_not_asked_again(
    client: Client, account: Account, gate: FakeGate, sign_in: SignIn
) -> None:
    version = kept(account)
    other = sign_in(factories.make_account().user)
    assert other.get(at(version)).status_code == 404
    client.post(at(version, "/publish"), {"version": "1"})
    page = text_of(other.get(at(version)))
    assert ("a {mood}" in page, 'id="next"' in page, "Publish" in page) == (True, False, False)
    assert "withdrawn" in text_of(client.post(at(version, "/withdraw"), follow=True))
    assert other.get(at(version)).status_code == 404
    gate.prompt_verdict = "block"
    client.post(at(version, "/publish"), {"version": "1"})
    again = text_of(client.post(at(version, "/publish"), {"version": "1"}, follow=True))
    assert "This version was refused. Write another one." in again
    assert len(gate.prompts) == 2


@pytest.mark.parametrize("sent", [{}, {"version": "x"}, {"version": "-1"}, {"version": "7"}])
def test_a_version_that_is_none_is_not_published(
    client: Client, account: Account, gate: FakeGate, *, sent: dict[str, str]
) -> None:
    version = kept(account)
    assert client.post(at(version, "/publish"), sent).status_code in {400, 404}
    assert gate.prompts == []


@pytest.mark.parametrize("what", ["", "/versions", "/publish", "/withdraw"])
def test_anothers_preset_does_not_exist(
    account: Account, sign_in: SignIn, client: Client, *, what: str
) -> None:
    version = kept(account)
    other = sign_in(factories.make_account().user)
    sent = as_filled(client, version) | {"version": "1", "latest": "nonsense"}
    answer = other.post(at(version, what), sent) if what else other.get(at(version))
    assert answer.status_code == 404
    assert "Animals" not in text_of(answer)
    assert "Animals" not in text_of(other.get("/studio/presets"))
    assert Client().get(at(version)).status_code == 302


def test_an_organisations_preset_is_its_admins_to_change_and_its_members_to_read(
    gate: FakeGate, sign_in: SignIn
) -> None:
    home = factories.make_organisation()
    admin, member = factories.owner_of(home), factories.make_member(home)
    version = services.create_preset(
        viewer=factories.viewer_of(admin),
        organisation_id=home.pk,
        scope=Preset.Scope.ORGANISATION,
        words=PresetWords(name="Ours", model_name="tidegate-image", prompt="a cat"),
    )
    page = text_of(sign_in(admin).get(at(version)))
    assert "for your organisation" in page
    assert 'id="next"' in page
    reader = sign_in(member)
    page = text_of(reader.get(at(version)))
    assert ("a cat" in page, 'id="next"' in page, "Publish" in page) == (True, False, False)
    for what in ("/versions", "/publish", "/withdraw"):
        assert reader.post(at(version, what), {"version": "1", "base": "1"}).status_code == 403
    assert PresetVersion.objects.get().publication == "private"


def test_what_is_out_of_use_is_shown_and_not_changed(client: Client, account: Account) -> None:
    version = kept(account)
    sent = as_filled(client, version) | {"name": "Beasts"}
    viewer = factories.viewer_of(account.user)
    services.archive_preset(viewer=viewer, preset_id=version.preset_id, is_archived=True)
    page = text_of(client.get(at(version)))
    assert ("out of use" in page, 'id="next"' in page) == (True, False)
    refused = client.post(at(version, "/versions"), sent)
    assert (refused.status_code, "This preset is out of use." in text_of(refused)) == (409, True)
    told = text_of(client.post(at(version, "/publish"), {"version": "1"}, follow=True))
    assert "This preset is out of use." in told


def test_staff_are_told_why_and_other_readers_are_not(
    client: Client, account: Account, gate: FakeGate, sign_in: SignIn
) -> None:
    version = kept(account)
    client.post(at(version, "/publish"), {"version": "1"})
    reviewer = factories.make_user(staff=["reviewer"])
    publishing.take_down_preset(
        viewer=factories.viewer_of(reviewer), preset_id=version.preset_id, reason="copied words"
    )
    page = text_of(client.get(at(version)))
    assert ("copied words" in page, "taken down" in page) == (True, True)
    assert "copied words" in text_of(sign_in(reviewer).get(at(version)))
    assert sign_in(factories.make_account().user).get(at(version)).status_code == 404


def test_the_pages_are_in_chinese_too(client: Client, account: Account) -> None:
    version = kept(account)
    client.post("/language", {"language": "zh-hans", "next": "/"})
    page = text_of(client.get(at(version)))
    assert ("写新的一版" in page, "公开第 1 版" in page, "仅自己可见" in page) == (True, True, True)
    response = client.post(at(version, "/versions"), as_filled(client, version) | {"prompt": ""})
    assert said_at(text_of(response))["/prompt"].startswith("请写下")
