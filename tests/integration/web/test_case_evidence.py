"""The case page draws what was found where it stands, and names the clause that it met."""

import re

import pytest

from moderation.app import selectors, services
from moderation.app.models import Case, Verdict
from tests import factories
from tests.integration.moderation import stage
from tests.integration.moderation.test_pictures import drawn
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.assets.models import Asset

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_finding_is_marked_in_the_text_and_beside_its_clause(
    sign_in: SignIn, language: str
) -> None:
    text = "call 4111 1111 1111 1111 or violencemaybe happens"
    _, case = stage.held(content=text)
    start = text.index("violencemaybe")
    verdict = Verdict.objects.get(asset_id=case.asset_id)
    reasons = verdict.reasons
    number = next(at for at, one in enumerate(reasons) if one["hazard"] == "violence")
    reasons[number]["place"] = {"spans": [[start, start + len("violencemaybe")]]}
    verdict.save(update_fields=["reasons"])
    client = sign_in(factories.make_user(staff=("reviewer",)))
    page = text_of(client.get(f"/console/cases/{case.pk}", headers={"Accept-Language": language}))
    assert refused_by_policy(page) == []
    (marked,) = re.findall(r'<mark class="finding">([^<]*)<a[^>]*href="#clause-(\d+)"', page)
    # What is masked before it does not move it.
    assert marked == ("violencemaybe", str(number + 1))
    assert "4111" not in page
    assert f'id="clause-{number + 1}"' in page
    assert "text.text_hazards.violence: hold_at 0.8" in page
    if language == "en":
        assert "A score above what holds" in page
        assert "1 made: 0 released, 1 held, 0 blocked" in page


def test_boxes_are_drawn_over_a_picture_in_hundredths(sign_in: SignIn) -> None:
    asset = stage.pending(modality="image", content=drawn())
    stage.consume(asset)
    Asset.objects.filter(pk=asset.pk).update(visibility="held")
    verdict = Verdict.objects.get(asset=asset)
    verdict.reasons = [
        {
            "surface": "image",
            "hazard": "sexual",
            "score": 0.9,
            "threshold": 0.4,
            "rule": "score_hold",
            "detector": "image_safety",
            "verdict": "hold",
            "detail": "",
            "place": {"boxes": [[0.1, 0.2, 0.6, 0.9]], "at_ms": 1500},
        }
    ]
    verdict.save(update_fields=["reasons"])
    case = Case.objects.create(
        asset=asset, organisation_id=asset.organisation_id, verdict=verdict, because="hold"
    )
    client = sign_in(factories.make_user(staff=("reviewer",)))
    page = text_of(client.get(f"/console/cases/{case.pk}"))
    assert '<rect x="10" y="20" width="50" height="70">' in page
    assert "image.image_safety.sexual: hold_at 0.4" in page
    assert "1.5 s" in page


def test_what_it_was_made_from_stands_beside_it_with_its_state(sign_in: SignIn) -> None:
    parent, _ = stage.held(content="violencemaybe, the first")
    asset, case = stage.held()
    Asset.objects.filter(pk=asset.pk).update(parent_id=parent.pk)
    client = sign_in(factories.make_user(staff=("reviewer",)))
    page = text_of(client.get(f"/console/cases/{case.pk}"))
    assert f"/assets/{parent.pk}" in page
    assert "made from" in page
    viewer = stage.staff("reviewer")
    (related,) = selectors.case_for(viewer, case.pk).related
    assert (related.is_parent, related.visibility) == (True, "held")


def test_a_decided_case_that_means_the_same_is_found_however_old(sign_in: SignIn) -> None:
    from recommendations.app.models import Item, ItemVector
    from recommendations.core.vectors import DIMENSIONS

    old, old_case = stage.held(content="violencemaybe: an alley, at dusk")
    services.decide_case(
        case_id=old_case.pk, action="block", viewer=stage.staff("reviewer"), reason="Old."
    )
    asset, case = stage.held(content="altogether different words, violencemaybe")
    far, far_case = stage.held(content="violencemaybe: unlike both of them")
    services.decide_case(
        case_id=far_case.pk, action="release", viewer=stage.staff("reviewer"), reason="Far."
    )
    for one, direction in ((old, 0), (asset, 0), (far, 1)):
        vector = [0.0] * DIMENSIONS
        vector[direction] = 1.0
        item, _ = Item.objects.update_or_create(
            asset=one,
            defaults={
                "owner_id": one.owner_id,
                "project_id": one.project_id,
                "modality": "text",
                "family": "x",
            },
        )
        ItemVector.objects.update_or_create(item=item, defaults={"embedding": vector})
    similar = selectors.case_for(stage.staff("reviewer"), case.pk).similar
    assert [one.id for one in similar] == [old_case.pk, far_case.pk]
    assert similar[0].why == "meaning alike: 100 %"
    assert similar[0].likeness > similar[1].likeness
