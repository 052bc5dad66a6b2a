"""Deciding by keyboard in a real browser: the next case is there at once; what failed is back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_veils import _rows_beside_the_browser  # noqa: F401  # a fixture
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

    from moderation.app.models import Case
    from tidegate.accounts.viewers import Viewer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
]


@pytest.fixture
def cases() -> list[Case]:
    """Five texts that were held, in the order of the queue."""
    from tests.integration.moderation import stage

    return [stage.held(content=f"violencemaybe number {at}")[1] for at in range(5)]


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, cases: list[Case]) -> Iterator[Page]:
    """The queue before a senior reviewer; what the browser complains of fails the test."""
    from django.test import Client

    from tests import factories

    client = Client()
    client.force_login(
        factories.make_user(staff=("senior_reviewer",)),
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
    opened.goto("/console/")
    yield opened
    # What is still asked for would hold the rows that the test's end removes.
    opened.goto("about:blank")
    time.sleep(0.5)
    context.close()
    assert complaints == []


def begin(page: Page, case: Case) -> None:
    """Take the first case and wait until the next one is at hand."""
    with page.expect_response("**/cases/upcoming"):
        page.keyboard.press("n")
        page.wait_for_url(f"**/console/cases/{case.pk}*")


def decide(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.keyboard.press("1")
    page.keyboard.press("Enter")


def holder(case: Case) -> Viewer:
    """Return who has claimed a case."""
    from tests import factories

    case.refresh_from_db()
    assert case.claimed_by is not None
    return factories.viewer_of(case.claimed_by)


def outcome(case: Case) -> str:
    case.refresh_from_db()
    return f"{case.state} {case.outcome}".strip()


def test_the_next_case_stands_there_without_a_page_load_and_all_are_decided(
    page: Page, cases: list[Case]
) -> None:
    begin(page, cases[0])
    page.evaluate("window.isTheSamePage = true")
    for at, case in enumerate(cases[1:], start=1):
        with page.expect_response("**/decision"), page.expect_response("**/cases/upcoming"):
            decide(page, "r")
        expect(page.locator("[data-case-page]")).to_have_attribute("data-case-page", str(case.pk))
        assert page.url.endswith(str(case.pk))
        assert outcome(cases[at - 1]) == "decided release"
    assert page.evaluate("window.isTheSamePage")
    decide(page, "b")
    page.wait_for_url(re.compile("/console/$"))
    assert outcome(cases[4]) == "decided block"


def test_a_decision_is_undone_by_a_key(page: Page, cases: list[Case]) -> None:
    begin(page, cases[0])
    with page.expect_response("**/decision"):
        decide(page, "b")
    expect(page.locator("[data-undo]")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("Taken back: the case is yours again.")).to_be_visible()
    from moderation.app.models import Case

    again = Case.objects.get(previous=cases[0])
    assert page.url.endswith(str(again.pk))


def test_what_the_server_refuses_comes_back_with_what_was_written(
    page: Page, cases: list[Case]
) -> None:
    from moderation.app import services
    from tests.integration.moderation import stage

    begin(page, cases[0])
    services.release_claim(case_id=cases[0].pk, viewer=holder(cases[0]))
    services.decide_case(
        case_id=cases[0].pk, action="release", viewer=stage.staff("reviewer"), reason="faster"
    )
    with page.expect_response("**/decision"):
        decide(page, "b")
    expect(page.get_by_role("alert")).to_contain_text("was faster and released it")
    assert page.url.endswith(str(cases[0].pk))
    assert page.locator("#reason").input_value() != ""


def test_without_a_network_nothing_is_lost(page: Page, cases: list[Case]) -> None:
    begin(page, cases[0])
    page.route("**/decision", lambda route: route.abort())
    decide(page, "b")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    assert page.locator("#reason").input_value() != ""
    assert outcome(cases[0]) == "claimed"
    page.unroute("**/decision")
    with page.expect_response("**/decision"):
        decide(page, "b")
    expect(page.locator("[data-undo]")).to_be_visible()
    assert outcome(cases[0]) == "decided block"


def test_who_leaves_gives_back_what_was_claimed_ahead(page: Page, cases: list[Case]) -> None:
    begin(page, cases[0])
    assert outcome(cases[1]) == "claimed"
    page.goto("/console/work")
    until = time.monotonic() + 10
    while outcome(cases[1]) != "open" and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert outcome(cases[1]) == "open"


def test_a_case_that_is_passed_over_is_not_offered_again(page: Page, cases: list[Case]) -> None:
    begin(page, cases[0])
    seen = [str(cases[0].pk)]
    for _ in range(4):
        with page.expect_response("**/cases/upcoming"):
            page.keyboard.press("n")
        seen.append(page.locator("[data-case-page]").get_attribute("data-case-page") or "")
    assert seen == [str(case.pk) for case in cases]
    assert [outcome(case) for case in cases] == ["open"] * 4 + ["claimed"]


def test_the_fields_of_a_reason_appear_with_it(page: Page, cases: list[Case]) -> None:
    begin(page, cases[0])
    expect(page.locator("[data-needs=copyright]")).to_be_hidden()
    page.locator("#reason-code").select_option("copyright")
    expect(page.locator("[data-needs=copyright]")).to_be_visible()
    decide(page, "b")
    expect(page.locator("#copyright-work")).to_be_focused()
    page.locator("#copyright-work").fill("The Film")
    with page.expect_response("**/decision"):
        page.keyboard.press("Enter")
    expect(page.locator("[data-undo]")).to_be_visible()
    assert outcome(cases[0]) == "decided block"
