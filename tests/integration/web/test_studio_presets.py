"""The studio: a style, what it should not be like, a preset kept and filled."""

import pytest
from django.test import Client

from generation.app.models import Job, PresetVersion
from generation.app.presets import publishing
from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.projects.services import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(gate: FakeGate, issued: list[str]) -> Account:
    return factories.make_account(display_name="Mira Creator")


@pytest.fixture
def client(account: Account, sign_in: SignIn) -> Client:
    return sign_in(account.user)


def form(account: Account, **changed: str) -> dict[str, str]:
    return {
        "model": "tidegate-image",
        "project": str(account.project.pk),
        "prompt": "a red apple",
        "tidegate-image.guidance": "3",
        **changed,
    }


def test_a_style_counts_where_nobody_moved_the_slider(client: Client, account: Account) -> None:
    wanted = form(account) | {
        "style:tidegate-image": "ink",
        "tidegate-image.negative_prompt": "a leaf",
    }
    client.post("/studio/jobs", wanted)
    client.post("/studio/jobs", wanted | {"tidegate-image.guidance": "5"})
    later, first = Job.objects.order_by("-pk")
    assert (first.style, first.parameters["guidance"], later.parameters["guidance"]) == (
        "ink",
        1.5,
        5.0,
    )
    assert (first.parameters["colour"], first.parameters["negative_prompt"]) == ("black", "a leaf")


def test_a_form_is_kept_as_a_preset_and_a_preset_is_filled(
    client: Client, account: Account
) -> None:
    kept = form(account, prompt="a {colour} {cat|cat}") | {
        "preset_name": "Cats",
        "style:tidegate-image": "warm",
        "tidegate-image.steps": "9",
    }
    response = client.post("/studio/presets", kept)
    assert (response.status_code, "Cats" in text_of(response)) == (200, True)
    version = PresetVersion.objects.get()
    assert (version.style, version.parameters) == ("warm", {"steps": 9})

    assert f"/studio?preset={version.preset_id}" in text_of(client.get("/studio"))
    page = text_of(client.get(f"/studio?preset={version.preset_id}"))
    assert refused_by_policy(page) == []
    assert 'name="variable.colour"' in page
    assert page.count('name="model"') == 1

    asked = form(account, prompt="") | {
        "preset": str(version.preset_id),
        "preset_version": "1",
        "style:tidegate-image": "warm",
        "tidegate-image.steps": "9",
    }
    refused = client.post("/studio/jobs", asked)
    assert (refused.status_code, "/variables/colour" in text_of(refused)) == (422, True)
    assert client.post("/studio/jobs", {**asked, "variable.colour": "blue"}).status_code == 200
    job = Job.objects.get()
    assert (job.prompt, job.preset_version_id) == ("a blue cat", version.pk)
    assert job.parameters["steps"] == 9


def test_a_template_that_cannot_be_read_is_said_at_the_prompt(
    client: Client, account: Account
) -> None:
    response = client.post("/studio/presets", form(account, prompt="a {", preset_name="x"))
    assert (response.status_code, 'data-error-at="/prompt"' in text_of(response)) == (422, True)


def test_anothers_preset_is_offered_only_while_it_is_public(
    client: Client, account: Account, sign_in: SignIn
) -> None:
    client.post("/studio/presets", form(account, preset_name="Apples"))
    version = PresetVersion.objects.get()
    path = f"/studio?preset={version.preset_id}"
    other = sign_in(factories.make_account().user)
    assert "Apples" not in text_of(other.get("/studio")) + text_of(other.get(path))
    viewer = factories.viewer_of(account.user)
    publishing.publish_version(viewer=viewer, preset_id=version.preset_id)
    assert "Apples · Mira Creator" in text_of(other.get("/studio"))
    assert "Apples" in text_of(other.get(path))
