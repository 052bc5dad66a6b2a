"""The veil before a real browser: lifted by key and button, kept by the server, or not lifted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

    from moderation.app.models import Case

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
]
_MADE = "[data-case-page] .veil-frame [data-veiled]"
_HELD_MS = 600


@pytest.fixture(autouse=True, scope="session")
def _rows_beside_the_browser() -> Iterator[None]:
    """Let tests ask the database, and drop it, while Playwright's loop runs in the same thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def case() -> Case:
    """A red picture that was held."""
    from tests.integration.moderation import stage

    data = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(data, "PNG")
    asset = stage.pending(modality="image", prompt="violencemaybe", content=data.getvalue())
    stage.consume(asset)
    return stage.case_of(asset)


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, case: Case) -> Iterator[Page]:
    """The case's page before a reviewer; what the browser complains of fails the test."""
    from django.test import Client

    from tests import factories

    client = Client()
    client.force_login(
        factories.make_user(staff=("reviewer",)),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    context = browser.new_context(base_url=live_server.url)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
    )
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"/console/cases/{case.pk}")
    yield opened
    context.close()
    assert complaints == []


def looks() -> int:
    from tidegate.audit.models import Entry

    return Entry.objects.filter(action="case.unveiled").count()


def veil_is(page: Page, *, blur: str, grey: int) -> None:
    expect(page.locator(_MADE)).to_have_css("filter", f"blur({blur}) grayscale({grey})")


def test_a_key_held_down_shows_it_as_long_and_pressed_shortly_until_the_next(page: Page) -> None:
    veil_is(page, blur="22px", grey=1)
    page.keyboard.press("v")
    veil_is(page, blur="22px", grey=1)
    page.keyboard.down("u")
    veil_is(page, blur="0px", grey=1)
    page.wait_for_timeout(_HELD_MS)
    page.keyboard.up("u")
    veil_is(page, blur="22px", grey=1)
    page.keyboard.press("u")
    veil_is(page, blur="0px", grey=1)
    page.keyboard.press("v")
    veil_is(page, blur="0px", grey=0)
    expect(page.locator("[data-colour]")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-reveal]").click()
    veil_is(page, blur="22px", grey=1)
    assert looks() == 1


def test_what_the_server_does_not_hear_of_is_veiled_again(page: Page) -> None:
    page.route("**/look", lambda route: route.abort())
    page.keyboard.press("u")
    expect(page.get_by_role("alert").filter(has_text="did not hear")).to_be_visible()
    veil_is(page, blur="22px", grey=1)
    expect(page.locator(_MADE)).to_have_js_property("inert", value=True)
    assert looks() == 0


def test_without_a_script_the_button_shows_it_on_a_page_of_its_own(
    browser: Browser, page: Page
) -> None:
    context = browser.new_context(
        java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(page.url)
    veil_is(plain, blur="22px", grey=1)
    plain.get_by_role("button", name="Show").click()
    veil_is(plain, blur="0px", grey=1)
    assert looks() == 1
    context.close()
