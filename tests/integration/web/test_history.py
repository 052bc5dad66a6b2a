"""The history, the way back to the form, and pieces side by side."""

import pytest
from django.test import Client

from generation.app.models import Job
from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.assets.models import Asset
from tidegate.assets.services import Media
from tidegate.projects.services import Account
from tidegate.web.views import history

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(gate: FakeGate, issued: list[str]) -> Account:
    return factories.make_account(display_name="Mira Creator")


@pytest.fixture
def client(account: Account, sign_in: SignIn) -> Client:
    return sign_in(account.user)


def ask(client: Client, account: Account, prompt: str, **fields: str) -> Job:
    fields = {"model": "tidegate-image", "project": str(account.project.pk), **fields}
    assert client.post("/studio/jobs", {"prompt": prompt, **fields}).status_code == 200
    return Job.objects.order_by("-pk")[0]


def picture(
    account: Account, seed: int, *, visibility: str = "released", prompt: str = "a red apple"
) -> Asset:
    return factories.make_asset(
        account.project,
        owner=account.user,
        modality="image",
        media=[Media("original", bytes([seed]), "image/png", width=8, height=8)],
        visibility=visibility,
        prompt=prompt,
        seed=seed,
    )


def test_the_history_goes_back_page_by_page_and_ends(
    client: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 2)
    oldest, middle, newest = (ask(client, account, word) for word in ("one", "two", "three"))
    page = text_of(client.get("/history"))
    assert page.index(f"past-{newest.pk}") < page.index(f"past-{middle.pk}")
    assert f"past-{oldest.pk}" not in page
    assert f'hx-get="/history?before={middle.pk}"' in page
    assert refused_by_policy(page) == []
    rest = text_of(client.get(f"/history?before={middle.pk}"))
    assert f"past-{oldest.pk}" in rest
    assert "before=" not in rest
    assert "<html" not in rest


def test_the_history_is_filtered_by_kind_and_state(client: Client, account: Account) -> None:
    drawn = ask(client, account, "a red apple")
    written = ask(client, account, "a tagline", model="smollm2-135m")
    client.post(f"/studio/jobs/{written.pk}/cancel")
    shown = {
        where: {one for one in (drawn, written) if f"past-{one.pk}" in text_of(client.get(where))}
        for where in (
            "/history?modality=image",
            "/history?state=cancelled",
            "/history?state=under_way&modality=image",
            "/history?state=under_way&modality=text",
            "/history?state=nonsense&modality=nonsense&before=nonsense",
        )
    }
    assert list(shown.values()) == [{drawn}, {written}, {drawn}, set(), {drawn, written}]


def test_again_fills_the_form_with_the_whole_request(client: Client, account: Account) -> None:
    fields = {"seed": "4711", "outputs": "3", "tidegate-image.steps": "9"}
    job = ask(client, account, "a red apple", **fields)
    page = text_of(client.get(f"/studio?again={job.pk}"))
    assert ">a red apple</textarea>" in page
    assert 'value="4711"' in page
    assert '<option value="3" selected>' in page
    assert 'name="tidegate-image.steps" inputmode="decimal" value="9"' in page


def test_again_with_the_request_of_somebody_else_is_an_empty_form(
    client: Client, account: Account, sign_in: SignIn
) -> None:
    job = ask(client, account, "a secret apple")
    for other in (factories.make_account().user, factories.make_user(staff=["reviewer"])):
        page = text_of(sign_in(other).get(f"/studio?again={job.pk}"))
        assert "a secret apple" not in page


def test_a_request_with_two_pictures_leads_to_both_side_by_side(
    client: Client, account: Account
) -> None:
    job = ask(client, account, "a red apple", outputs="2")
    made = [picture(account, seed) for seed in (7, 8)]
    for index, asset in enumerate(made):
        Asset.objects.filter(pk=asset.pk).update(job_id=job.pk, output_index=index)
    address = "/compare?" + "&".join(f"asset={asset.pk}" for asset in made)
    assert address.replace("&", "&amp;") in text_of(client.get("/history"))
    page = text_of(client.get(address))
    for asset in made:
        assert f'src="/media/{asset.renditions.get().pk}"' in page
    assert page.count('class="differs"') == 1
    assert "data-slide-picture" in page
    assert refused_by_policy(page) == []


def test_what_one_may_not_see_is_left_out_of_a_comparison(
    client: Client, account: Account, sign_in: SignIn
) -> None:
    held = picture(account, 1, visibility="held", prompt="a hidden thing")
    blocked = picture(account, 2, visibility="blocked", prompt="a forbidden thing")
    shown = [picture(account, seed) for seed in (3, 4)]
    address = "/compare?" + "&".join(f"asset={one.pk}" for one in (held, blocked, *shown))
    own = text_of(client.get(address))
    assert "a hidden thing" in own
    assert "a forbidden thing" not in own
    others = text_of(sign_in(factories.make_account().user).get(address + "&asset=nonsense"))
    assert "a hidden thing" not in others
    assert str(held.pk) not in others.split("<main", 1)[1].split("</main>", 1)[0]
