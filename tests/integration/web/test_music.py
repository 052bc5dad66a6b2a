"""The page of a tune."""

import pytest

from generation.app.models import Job
from tests.factories import make_account, make_asset
from tests.fakes.gate import FakeGate
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.assets.models import Rendition
from tidegate.assets.services import Media

pytestmark = pytest.mark.django_db

TUNE = (
    Media("original", b"RIFF", "audio/wav", duration_ms=36_000),
    Media("preview", b"ID3", "audio/mpeg", duration_ms=36_000),
    Media("score", b"<svg/>", "image/svg+xml", width=1050, height=532),
    Media("notation", b"X:1", "text/vnd.abc"),
    Media("midi", b"MThd", "audio/midi"),
)


def test_a_tune_is_heard_by_its_smaller_file_and_seen_by_its_score(sign_in: SignIn) -> None:
    account = make_account()
    asset = make_asset(account.project, owner=account.user, modality="music", media=TUNE)
    forms = {item.kind: item for item in Rendition.objects.filter(asset=asset)}
    page = text_of(sign_in(account.user).get(f"/assets/{asset.pk}"))
    assert f'<audio controls preload="none" src="/media/{forms["preview"].pk}"' in page
    assert f'<img src="/media/{forms["score"].pk}"' in page
    for form in forms.values():
        assert f'href="/media/{form.pk}" download' in page
    assert refused_by_policy(page) == []


def test_a_score_is_never_run_and_a_tune_not_yet_released_has_no_page_for_others(
    sign_in: SignIn,
) -> None:
    account = make_account()
    asset = make_asset(
        account.project, owner=account.user, modality="music", media=TUNE, visibility="held"
    )
    score = asset.renditions.get(kind="score")
    own = sign_in(account.user).get(f"/media/{score.pk}")
    assert own.headers["Content-Type"] == "image/svg+xml"
    assert own.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert own.headers["Content-Disposition"].endswith('.svg"')
    assert sign_in(make_account().user).get(f"/media/{score.pk}").status_code == 404


def test_cards_play_the_smaller_file_too(sign_in: SignIn) -> None:
    account = make_account()
    asset = make_asset(account.project, owner=account.user, modality="music", media=TUNE)
    preview = asset.renditions.get(kind="preview")
    page = text_of(sign_in(account.user).get("/library"))
    assert f'<audio controls preload="none" src="/media/{preview.pk}"' in page


def test_a_tunes_card_in_the_studio_has_its_score_and_every_file(
    sign_in: SignIn, gate: FakeGate, issued: list[str]
) -> None:
    account = make_account()
    client = sign_in(account.user)
    project = str(account.project.pk)
    client.post(
        "/studio/jobs", {"model": "tidegate-music", "project": project, "prompt": "a calm air"}
    )
    job = Job.objects.get()
    asset = make_asset(
        account.project, owner=account.user, modality="music", media=TUNE, job_id=job.pk
    )
    page = text_of(client.get(f"/studio/jobs/{job.pk}/card"))
    assert f'<img src="/media/{asset.renditions.get(kind="score").pk}"' in page
    for form in asset.renditions.all():
        assert f'href="/media/{form.pk}" download' in page
    assert refused_by_policy(page) == []
