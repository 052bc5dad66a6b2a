"""A picture field of the studio: choose, bring along, take out; nobody else's is shown."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.uploads.drawing import picture
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.contracts.moderation import VerdictName
from tidegate.projects.services import Account
from tidegate.uploads.models import Upload

pytestmark = pytest.mark.django_db
FIELD = "tidegate-variation.image"


@pytest.fixture
def account(gate: FakeGate, issued: list[str]) -> Account:
    return factories.make_account(display_name="Mira Creator")


@pytest.fixture
def client(account: Account, sign_in: SignIn) -> Client:
    return sign_in(account.user)


def send(client: Client, account: Account, data: bytes) -> tuple[int, str]:
    file = SimpleUploadedFile("whatever.jpg", data, content_type="image/jpeg")
    response = client.post(
        f"/studio/picture?field={FIELD}",
        {"project": str(account.project.pk), f"file.{FIELD}": file},
    )
    return response.status_code, text_of(response)


def test_a_file_fills_its_field_with_a_thumbnail_and_its_state(
    client: Client, account: Account
) -> None:
    status, page = send(client, account, picture())
    upload = Upload.objects.get()
    assert status == 200
    assert f'name="{FIELD}" value="{upload.pk}"' in page
    assert f'src="/media/uploads/{upload.pk}"' in page
    assert "Checked: it can be worked on." in page
    assert "Take it out" in page
    assert refused_by_policy(page) == []


@pytest.mark.parametrize(
    ("verdict", "words"), [("hold", "The check is in doubt"), ("unavailable", "Being checked.")]
)
def test_a_picture_that_may_not_be_used_yet_says_so(
    verdict: VerdictName, words: str, client: Client, account: Account, gate: FakeGate
) -> None:
    gate.image_verdict = verdict
    _, page = send(client, account, picture())
    assert words in page
    assert ("every 5s" in page) is (verdict == "unavailable")


def test_a_refused_picture_leaves_the_field_empty_and_says_why(
    client: Client, account: Account, gate: FakeGate
) -> None:
    gate.image_verdict = "block"
    _, page = send(client, account, picture())
    assert "Refused:" in page
    assert f'name="{FIELD}" value=""' in page
    assert "<img" not in page


def test_what_is_no_picture_is_said_at_the_field(client: Client, account: Account) -> None:
    status, page = send(client, account, b"no picture")
    assert status == 422
    assert 'role="status"' in page
    assert f'name="{FIELD}" value=""' in page
    assert not Upload.objects.exists()


def test_one_chooses_among_ones_own_uploads_and_pictures_that_passed(
    client: Client, account: Account, sign_in: SignIn
) -> None:
    send(client, account, picture())
    passed = factories.make_asset(account.project, owner=account.user, modality="image")
    held = factories.make_asset(
        account.project, owner=account.user, modality="image", visibility="held"
    )
    page = text_of(client.get(f"/studio/pictures?field={FIELD}"))
    assert f"picture={Upload.objects.get().pk}" in page
    assert f"picture={passed.pk}" in page
    assert str(held.pk) not in page
    other = sign_in(factories.make_user())
    assert "There is none yet" in text_of(other.get(f"/studio/pictures?field={FIELD}"))


def test_a_choice_fills_the_field_and_another_persons_upload_does_not(
    client: Client, account: Account, sign_in: SignIn
) -> None:
    send(client, account, picture())
    path = f"/studio/picture?field={FIELD}&picture={Upload.objects.get().pk}"
    assert f'value="{Upload.objects.get().pk}"' in text_of(client.get(path))
    other = text_of(sign_in(factories.make_user()).get(path))
    assert "This picture is no longer there." in other
    assert str(Upload.objects.get().pk) not in other


@pytest.mark.parametrize("field", ["", "tidegate-variation.steps", "nothing.image", "<b>.image"])
def test_only_fields_that_take_a_picture_are_drawn(field: str, client: Client) -> None:
    assert client.get("/studio/picture", {"field": field}).status_code == 404
    assert client.get("/studio/pictures", {"field": field}).status_code == 404
