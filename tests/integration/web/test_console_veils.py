"""What a reviewer is shown: veils, stills, silence, and a queue without what is not for them."""

import re
from typing import Any

import pytest

from moderation.app.care_choices import HazardChoice
from moderation.app.models import Case
from tests import factories
from tests.integration.moderation import caring, stage
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import messages_of, page_of, refused_by_policy, text_of
from tidegate.accounts.models import User
from tidegate.assets.models import Rendition
from tidegate.audit.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.fixture
def reviewer() -> User:
    return factories.make_user(staff=("reviewer",))


def film(**given: Any) -> Case:
    """Hold a film of two pictures, with a poster."""
    case = caring.case_about("violence", modality="video")
    original = Rendition.objects.get(asset=case.asset, kind="original")
    Rendition.objects.create(
        asset=case.asset,
        kind="poster",
        blob_id=original.blob_id,
        media_type="image/png",
        width=32,
        height=32,
    )
    Rendition.objects.filter(pk=original.pk).update(duration_ms=4_000, **given)
    return case


@pytest.mark.parametrize(
    ("chosen", "classes", "is_veiled"),
    [
        ({}, "blur-strong grey", True),
        ({"blur": "light", "is_grey": False}, "blur-light", True),
        ({"blur": "none", "is_grey": False}, "blur-none unveiled", False),
        ({"blur": "none", "is_grey": True}, "blur-none grey unveiled", False),
        (
            {"blur": "none", "by_hazard": {"violence": HazardChoice("light")}},
            "blur-light grey",
            True,
        ),
    ],
)
def test_a_case_is_veiled_as_one_chose_and_looking_without_a_veil_is_kept(
    *,
    sign_in: SignIn,
    reviewer: User,
    chosen: dict[str, Any],
    classes: str,
    is_veiled: bool,
) -> None:
    case = caring.case_about("violence")
    caring.choose(factories.viewer_of(reviewer), **chosen)
    page = page_of(sign_in(reviewer), case.pk)
    assert f'class="case-grid {classes}" data-case-page="{case.pk}"' in page
    assert ('class="veiled" data-veiled inert' in page) is is_veiled
    assert refused_by_policy(page) == []
    assert Entry.objects.filter(action="case.unveiled").count() == (0 if is_veiled else 1)


def test_lifting_the_veil_is_a_look_with_a_script_and_without(
    sign_in: SignIn, reviewer: User
) -> None:
    case = caring.case_about("violence")
    client = sign_in(reviewer)
    page = page_of(client, case.pk)
    assert f'action="/console/cases/{case.pk}/look" data-look' in page
    assert "<kbd>v</kbd>" in page
    quiet = client.post(f"/console/cases/{case.pk}/look", {"quiet": "yes"})
    assert (quiet.status_code, quiet.content) == (204, b"")
    shown = client.post(f"/console/cases/{case.pk}/look")
    assert "no-store" in shown.headers["Cache-Control"]
    assert 'class="case-grid blur-strong grey unveiled"' in text_of(shown)
    assert 'class="veiled" data-veiled>' in text_of(shown)
    assert "unveiled" not in page_of(client, case.pk)
    assert stage.trail(case.pk) == ["case.opened", "case.viewed", "case.unveiled"]


def test_a_film_is_its_stills_and_plays_silently_when_asked_to(
    sign_in: SignIn, reviewer: User
) -> None:
    case = film()
    client = sign_in(reviewer)
    page = page_of(client, case.pk)
    assert refused_by_policy(page) == []
    assert page.count('class="still" muted') >= 1
    assert not re.search(r"<video[^>]*autoplay", page)
    assert "Stills of the film" in page
    (player,) = re.findall(r"<video[^>]* controls[^>]*>", page)
    assert ' preload="none" muted ' in player
    assert page.index("Play the film") < page.index(player)
    caring.choose(factories.viewer_of(reviewer), has_stills=False, is_muted=False)
    page = page_of(client, case.pk)
    assert 'class="still"' not in page
    (player,) = re.findall(r"<video[^>]* controls[^>]*>", page)
    assert "muted" not in player


@pytest.mark.parametrize(("is_muted", "tag"), [(None, "controls muted"), (False, "controls")])
def test_sound_is_muted_unless_one_chose_otherwise(
    sign_in: SignIn, reviewer: User, is_muted: object, tag: str
) -> None:
    case = caring.case_about("hate", modality="speech")
    caring.choose(factories.viewer_of(reviewer), is_muted=is_muted)
    (sound,) = re.findall(r"<audio[^>]*>", page_of(sign_in(reviewer), case.pk))
    assert f" {tag} preload" in sound


def test_the_queue_veils_each_line_and_says_how_many_wait_for_others(
    sign_in: SignIn, reviewer: User
) -> None:
    shown, kept = caring.case_about("spam"), caring.case_about("sexual")
    caring.choose(
        factories.viewer_of(reviewer),
        opted_out=["sexual"],
        by_hazard={"spam": HazardChoice("none", is_grey=False)},
    )
    client = sign_in(reviewer)
    page = text_of(client.get("/console/"))
    assert f'<li class="blur-none" data-case="{shown.pk}"' in page
    assert str(kept.pk) not in page
    assert 'data-kept="1"' in page
    assert "Today 0 graphic cases" in page
    assert refused_by_policy(page) == []
    fragment = text_of(client.get("/console/", headers={"HX-Request": "true"}))
    assert "graphic case" not in fragment
    assert client.post("/console/cases/next")["Location"] == f"/console/cases/{shown.pk}"
    claimed = client.post(f"/console/cases/{kept.pk}/claim", follow=True)
    assert messages_of(claimed) == ["You opted out of what this is about; others judge it."]
    assert "others judge it" in page_of(client, kept.pk)
    assert Case.objects.get(pk=kept.pk).state == "open"
