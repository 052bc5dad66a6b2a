"""A preset by keyboard alone: kept, changed, published, used by others, taken back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import SitsDown

pytestmark = pytest.mark.browser


def test_a_preset_is_changed_published_and_taken_back_without_a_mouse(sits_down: SitsDown) -> None:
    author = sits_down("creator").page
    author.goto("/studio")
    author.locator("label", has=author.get_by_role("radio", name="Image", exact=True)).click()
    author.locator("[data-prompt]").fill("a {colour} leaf")
    author.locator("[data-keeps-preset] summary").press("Enter")
    author.get_by_label("Name of the preset").fill("Leaves")
    author.get_by_label("Name of the preset").press("Enter")
    author.get_by_role("link", name="Change or publish it").press("Enter")
    expect(author.get_by_role("heading", name="Leaves")).to_be_visible()

    # What is wrong is said at its field, which has the focus.
    prompt = author.get_by_role("textbox", name="Prompt")
    prompt.fill("a {colour} leaf on {*grounds}")
    _press(author, "Keep the new version")
    expect(prompt).to_be_focused()
    expect(prompt).to_have_attribute("aria-invalid", "true")
    expect(author.locator("#prompt-error")).to_contain_text("There is no such list")

    author.locator("summary", has_text="Another list").press("Enter")
    author.locator("[name='list.0.name']").fill("grounds")
    author.locator("[name='list.0.entries']").fill("grass\nsnow")
    _press(author, "Keep the new version")
    expect(author.locator("[data-messages]")).to_contain_text("Version 2 is kept.")
    expect(author.locator(".preset-versions li")).to_have_count(2)

    _press(author, "Publish version 2")
    expect(author.locator("[data-messages]")).to_contain_text("It is public now.")
    address = re.sub(r"\?.*", "", author.url)
    reader = sits_down("viewer").page
    reader.goto(address)
    expect(reader.locator(".template")).to_have_text("a {colour} leaf on {*grounds}")
    expect(reader.get_by_role("button", name="Keep the new version")).to_have_count(0)

    _press(author, "Take it back from everybody")
    expect(author.locator("[data-messages]")).to_contain_text("Others do not see it any more.")
    # The browser would call the refusal an error of the page.
    assert reader.request.get(address).status == 404


def test_a_preset_is_whole_at_a_phones_width_in_chinese(sits_down: SitsDown) -> None:
    page = sits_down("creator").page
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/studio/presets", "/compositions"):
        page.goto(address)
        page.get_by_role("button", name="简体中文").click()
        assert _overflow(page) == 0, address
        page.get_by_role("button", name="English").click()


def test_a_composition_says_what_is_wrong_at_its_field(sits_down: SitsDown) -> None:
    page = sits_down("creator").page
    page.goto("/compositions?recipe=advertisement")
    product = page.get_by_role("textbox", name="Product")
    product.fill("   ")
    _press(page, "Make all of it")
    expect(product).to_be_focused()
    expect(product).to_have_attribute("aria-invalid", "true")
    assert page.url.endswith("/compositions?recipe=advertisement")


def _press(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=name)
    button.focus()
    page.keyboard.press("Enter")


def _overflow(page: Page) -> int:
    wide: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide
