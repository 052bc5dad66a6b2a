import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from moderation.app.configuration import configuration


@pytest.fixture(autouse=True)
def _read_afresh() -> object:
    configuration.cache_clear()
    yield
    configuration.cache_clear()


def test_a_setting_that_is_given_replaces_its_default(settings: Settings) -> None:
    settings.MODERATION = {"unavailable_after": 5.0}
    assert configuration().unavailable_after == 5.0
    assert configuration().claim_minutes == 5.0


def test_a_misspelt_setting_refuses_to_start(settings: Settings) -> None:
    settings.MODERATION = {"unavailable_afer": 5.0}
    with pytest.raises(ImproperlyConfigured, match="unavailable_afer"):
        configuration()


def test_appeals_are_open_for_half_a_year_at_the_least(settings: Settings) -> None:
    assert configuration().appeal_days >= 184
    configuration.cache_clear()
    settings.MODERATION = {"appeal_days": 30.0}
    with pytest.raises(ImproperlyConfigured, match="half a year"):
        configuration()
