"""Refused forms: each error names a field that stands on the page, where scripts put it."""

import re

import pytest

from tests.factories import make_account
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import text_of

pytestmark = pytest.mark.django_db


def test_what_is_wrong_with_a_composition_names_the_fields_of_its_form(
    sign_in: SignIn, gate: object, issued: list[str]
) -> None:
    account = make_account()
    client = sign_in(account.user)
    page = text_of(client.get("/compositions?recipe=advertisement"))
    sent = {
        "recipe": "advertisement",
        "project": str(account.project.pk),
        "recipe:advertisement.product": "   ",
        "recipe:advertisement.tone": "nonsense",
    }
    refused = client.post("/compositions/new", sent)
    assert refused.status_code == 422
    named = set(re.findall(r'data-error-at="([^"]+)"', text_of(refused)))
    fields = set(re.findall(r'data-pointer="([^"]+)"', page))
    assert named == {"/inputs/product", "/inputs/tone"}
    assert named <= fields
    assert "data-form-errors" in page
