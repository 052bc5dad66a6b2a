"""Every page in both themes and both languages, wide and at 200 %: looked at, and looked over.

Each is drawn into `var/screenshots`. What is looked over is what people who see little or use no
mouse need: names, headings, contrast, and no scrolling sideways.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.test_veils import _rows_beside_the_browser  # noqa: F401  # a fixture
from tests.integration.authorisation.table import LINES
from tests.integration.authorisation.test_console import world  # noqa: F401  # a fixture
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures
from tidegate.stack.serving_env import CHECKOUT

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
]
FOLDER = Path(os.environ.get("TIDEGATE_PAGES", CHECKOUT / "var" / "screenshots"))
WIDE, NARROW = 1280, 640
"""Pixels; the narrow one is the wide one at 200 %."""
LOOKS = [(theme, language) for theme in ("light", "dark") for language in ("en-GB", "zh-CN")]
WEB = (
    "/",
    "/accounts/login/",
    "/studio",
    "/studio/presets",
    "/history",
    "/compare",
    "/compositions",
    "/feed",
    "/interests",
    "/search?q=harbour",
    "/saved",
    "/library",
    "/assets/{asset}",
    "/assets/{blocked}",
    "/standing",
    "/messages",
    "/messages/{letter}",
    "/organisation",
)
CONSOLE = [
    line.path
    for line in LINES.values()
    if line.method == "get" and "export" not in line.path and not line.path.endswith(".py")
]
_CHECKS = (Path(__file__).parent / "looked_over.js").read_text(encoding="utf-8")


@pytest.fixture
def places(world: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: F811  # the fixture
    """All that pages are about: the world of the authorisation table, with an author's letters."""
    from moderation.app.models import Case, Decision, Letter, SecondLook
    from tests import factories
    from tidegate.primitives.clock import now

    blocked = Decision.objects.get(pk=world["decision"]).case.asset
    letter = Letter.objects.filter(recipient_id=blocked.owner_id).latest("created_at")
    verdict = Case.objects.get(pk=world["case"]).verdict
    assert verdict is not None
    for reason in verdict.reasons:
        reason["place"] = {"spans": [[5, 18]]}
    verdict.save(update_fields=["reasons"])
    second = factories.make_user(display_name="Sven", staff=("reviewer",))
    for at, made in enumerate(Decision.objects.order_by("pk")):
        SecondLook.objects.create(
            kind="sample",
            state="settled",
            case=made.case,
            decision=made,
            expected="block",
            first_by=made.made_by,
            chance=0.1,
            reviewer=second,
            answer="block" if at else "release",
            answered_at=now(),
            settled_at=now(),
        )
    return {**world, "blocked": blocked.pk, "letter": letter.pk, "writer": blocked.owner}


@pytest.fixture
def signed_in(live_server: LiveServer) -> Any:
    """Return the session of somebody, for any browser."""
    from django.test import Client

    def sign_in(user: Any) -> dict[str, str]:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        name = settings.SESSION_COOKIE_NAME
        return {"name": name, "value": client.cookies[name].value, "url": live_server.url}

    return sign_in


@pytest.fixture
def opens(browser: Browser, live_server: LiveServer) -> Iterator[Any]:
    """Open a browser that prefers a theme and a language; what it complains of fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def note(page: Page, said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(f"{page.url}: {said.text}")

    def open_one(theme: Any, language: str, cookie: Any) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            locale=language,
            color_scheme=theme,
            reduced_motion="reduce",
            viewport={"width": WIDE, "height": 900},
        )
        contexts.append(context)
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: note(page, said))
        return page

    yield open_one
    for context in contexts:
        for page in context.pages:
            page.goto("about:blank")
    time.sleep(0.5)
    for context in contexts:
        context.close()
    assert complaints == []


def look_over(page: Page, path: str, *, language: str, theme: str) -> list[str]:
    """Draw a page and return what is wrong with it."""
    answer = page.goto(path)
    name = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "one", path).strip("/").replace("/", "-") or "home"
    wrong = []
    if answer is None or answer.status != 200:
        return [f"{path}: answered {answer.status if answer else 'nothing'}"]
    page.wait_for_timeout(150)
    if "/console/cases/" in path:
        # As whoever looks sees it: the veil is a matter of its own.
        page.keyboard.press("u")
    wrong += [f"{path} ({theme}, {language}): {one}" for one in page.evaluate(_CHECKS)]
    if page.evaluate("document.documentElement.lang")[:2] != language[:2]:
        wrong.append(f"{path}: not in {language}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}-{theme}-{language[:2]}.png", full_page=True)
    page.set_viewport_size({"width": NARROW, "height": 900})
    page.wait_for_timeout(50)
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        wrong.append(f"{path} ({language}): scrolls sideways at 200 %")
    page.set_viewport_size({"width": WIDE, "height": 900})
    return wrong


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_every_page_of_the_console(
    theme: str, language: str, opens: Any, signed_in: Any, places: Mapping[str, Any]
) -> None:
    from tests import factories

    roles = ("reviewer", "senior_reviewer", "policy_admin", "auditor")
    page = opens(theme, language, signed_in(factories.make_user(display_name="Ada", staff=roles)))
    wrong = []
    for path in CONSOLE:
        wrong += look_over(page, path.format(**places), language=language, theme=theme)
    assert wrong == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_every_page_of_an_author(
    theme: str, language: str, opens: Any, signed_in: Any, places: Mapping[str, Any]
) -> None:
    page = opens(theme, language, signed_in(places["writer"]))
    wrong = []
    for path in WEB:
        shown = {**places, "asset": places["blocked"]}
        wrong += look_over(page, path.format(**shown), language=language, theme=theme)
    assert wrong == []


def test_what_is_wrong_with_a_page_is_found(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(
        "<h1>One</h1><h3>Skipped</h3><img src='data:,'><button></button>"
        "<p id=twice style='color:#999;background:#fff'>Pale</p><p id=twice>Dark</p>"
    )
    found = page.evaluate(_CHECKS)
    page.close()
    for what in (
        "h1 is followed by <h3>",
        "no main",
        "no name",
        "without alt",
        "twice",
        "contrast",
    ):
        assert [one for one in found if what in one], (what, found)
