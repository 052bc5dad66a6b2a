"""What the studio lets one choose: models by kind, how many outputs, and what it is a remix of."""

import pytest
from django.test import Client

from generation.app.models import Job
from generation.app.registry.selectors import offered_models
from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.accounts.selectors import viewer_for_user
from tidegate.assets.services import withdraw_asset
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
        **changed,
    }


def test_there_is_a_tab_for_every_kind_that_has_a_model_and_for_no_other(client: Client) -> None:
    page = text_of(client.get("/studio"))
    offered = {model.modality for model in offered_models().values()}
    for modality in ("text", "image", "speech", "music", "video"):
        assert (f'name="modality" value="{modality}"' in page) is (modality in offered)
    assert refused_by_policy(page) == []


def test_work_on_pictures_is_a_choice_behind_drawing_and_may_come_without_words(
    client: Client,
) -> None:
    page = text_of(client.get("/studio"))
    drawing = page.index('name="model" value="tidegate-image"')
    for model in offered_models().values():
        if model.modality == "image" and model.operations:
            assert page.index(f'name="model" value="{model.name}"') > drawing
            said = page[page.index(f'name="model" value="{model.name}"') :].split(">", 1)[0]
            assert ("data-prompt-optional" in said) is not model.needs_prompt


def test_several_outputs_are_one_request(client: Client, account: Account) -> None:
    assert client.post("/studio/jobs", form(account, outputs="3")).status_code == 200
    assert Job.objects.get().outputs_wanted == 3


@pytest.mark.parametrize("outputs", ["many", "0", "99"])
def test_a_number_of_outputs_that_cannot_be_is_said_at_its_field(
    outputs: str, client: Client, account: Account
) -> None:
    response = client.post("/studio/jobs", form(account, outputs=outputs))
    assert response.status_code == 422
    assert 'data-error-at="/outputs"' in text_of(response)
    assert not Job.objects.exists()


def test_a_remix_starts_from_the_prompt_and_names_whose_work_it_is(
    client: Client, account: Account
) -> None:
    author = factories.make_account(display_name="Noor Author").user
    theirs = factories.make_asset(owner=author, prompt="a quiet harbour")
    assert f'href="/studio?remix={theirs.pk}"' in text_of(client.get(f"/assets/{theirs.pk}"))
    page = text_of(client.get(f"/studio?remix={theirs.pk}"))
    assert f'name="parent" value="{theirs.pk}"' in page
    assert "by Noor Author" in page
    assert "a quiet harbour" in page
    assert client.post("/studio/jobs", form(account, parent=str(theirs.pk))).status_code == 200
    assert Job.objects.get().parent_id == theirs.pk


def test_what_one_may_not_see_is_no_parent(client: Client, account: Account) -> None:
    hidden = factories.make_asset(prompt="somebody's secret", visibility="held")
    page = text_of(client.get(f"/studio?remix={hidden.pk}"))
    assert "secret" not in page
    assert 'name="parent"' not in page
    response = client.post("/studio/jobs", form(account, parent=str(hidden.pk)))
    assert response.status_code == 422
    assert not Job.objects.exists()


def test_a_remixes_card_credits_the_author_while_one_may_see_the_parent(
    client: Client, account: Account
) -> None:
    theirs = factories.make_asset(
        owner=factories.make_account(display_name="Noor Author").user, prompt="a quiet harbour"
    )
    client.post("/studio/jobs", form(account, parent=str(theirs.pk)))
    path = f"/studio/jobs/{Job.objects.get().pk}/card"
    assert "by Noor Author" in text_of(client.get(path))
    withdraw_asset(viewer=viewer_for_user(theirs.owner), asset_id=theirs.pk, reason="")
    assert "Noor Author" not in text_of(client.get(path))
