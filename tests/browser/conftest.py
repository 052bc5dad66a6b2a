"""Real people in a real browser, before a whole running stack with its real models."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tidegate.stack.state import StackState

# Names a stack that runs already, to try a test again without starting everything anew.
RUNNING_STACK = "TIDEGATE_BROWSER_STACK"
PATIENCE_MS = 180_000
"""How long a model may take on a busy machine without a GPU."""

# Five seconds, which is Playwright's own, are soon over for an answer that waits for the gate while
# models work on every core.
expect.set_options(timeout=60_000)

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the product runs, and who may log in."""

    url: str
    emails: dict[str, str]
    password: str


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Site:
    """The running product."""
    running = os.environ.get(RUNNING_STACK)
    state = StackState.read(Path(running)) if running else request.getfixturevalue("stack")
    assert isinstance(state, StackState)
    demo = json.loads((Path(state.environment["TIDEGATE_VAR_DIR"]) / "demo.json").read_text())
    return Site(
        url=state.environment["TIDEGATE_PUBLIC_URL"],
        emails={person["role"]: person["email"] for person in demo["people"]},
        password=demo["password"],
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    chromium = shutil.which("chromium")
    assert chromium, "the browser tests need the package 'chromium'"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield running
        running.close()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a browser. `complaints` are what the browser refused or scripts threw."""

    page: Page
    complaints: list[str]


class SitsDown(Protocol):
    """Lets somebody of the demo log in; `scale` is how many pixels of the screen make one."""

    def __call__(self, role: str, *, scale: float = 1) -> Person: ...


@pytest.fixture
def sits_down(browser: Browser, site: Site) -> Iterator[SitsDown]:
    """Let somebody of the demo log in through the page, in a browser of their own."""
    opened: list[tuple[BrowserContext, list[str]]] = []

    def sit_down(role: str, *, scale: float = 1) -> Person:
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": 1280, "height": 900},
            device_scale_factor=scale,
        )
        context.set_default_timeout(PATIENCE_MS)
        complaints: list[str] = []
        opened.append((context, complaints))
        page = context.new_page()
        page.on("console", lambda message: _note(message, complaints))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(site.emails[role])
        page.get_by_label("Password").fill(site.password)
        page.locator("form.panel").get_by_role("button", name="Log in").click()
        page.wait_for_url("**/feed")
        return Person(page, complaints)

    yield sit_down
    for context, _ in opened:
        context.close()
    assert [complaint for _, complaints in opened for complaint in complaints] == []


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    """Keep errors of scripts and of the content security policy.

    A refused form answers 422, which the browser's network log also calls an error.
    """
    if message.type == "error" and "status of 422" not in message.text:
        complaints.append(message.text)
