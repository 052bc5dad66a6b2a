"""What reviewers marked stands on the pages, and covers where it says so."""

import pytest

from tests import factories
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import refused_by_policy, text_of
from tidegate.assets.models import Asset

pytestmark = pytest.mark.django_db


def marked(**marks: object) -> Asset:
    asset = factories.make_asset(factories.make_project(audience="public"), title="A stage fight")
    Asset.objects.filter(pk=asset.pk).update(**marks)
    asset.refresh_from_db()
    return asset


def test_a_label_that_covers_is_lifted_by_a_click_but_not_for_its_owner(sign_in: SignIn) -> None:
    asset = marked(labels=["graphic", "fiction"], rating="mature")
    page = text_of(sign_in(factories.make_user()).get(f"/assets/{asset.pk}"))
    assert refused_by_policy(page) == []
    assert '<details class="cover">' in page
    for mark in ("Graphic", "Fiction", "For adults"):
        assert mark in page
    assert '<details class="cover">' not in text_of(sign_in(asset.owner).get(f"/assets/{asset.pk}"))


def test_a_label_that_does_not_cover_stands_beside_it_in_ones_language(sign_in: SignIn) -> None:
    asset = marked(labels=["satire"])
    headers = {"Accept-Language": "zh-hans"}
    page = text_of(sign_in(factories.make_user()).get(f"/assets/{asset.pk}", headers=headers))
    assert '<details class="cover">' not in page
    assert "讽刺作品" in page


def test_a_code_that_no_rule_knows_any_more_shows_nothing(sign_in: SignIn) -> None:
    asset = marked(labels=["gone"], rating="gone")
    page = text_of(sign_in(factories.make_user()).get(f"/assets/{asset.pk}"))
    assert '<details class="cover">' not in page
    assert ">gone<" not in page
