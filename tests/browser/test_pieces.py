"""What was made, by keyboard: heard, compared, remixed, found again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.test_product import ask, released

if TYPE_CHECKING:
    from tests.browser.conftest import SitsDown

pytestmark = pytest.mark.browser


def test_pictures_are_compared_and_the_chosen_one_is_remixed_without_a_mouse(
    sits_down: SitsDown,
) -> None:
    page = sits_down("creator").page
    card = ask(
        page, kind="Image", prompt="a green leaf", settings={"Steps": "5", "Seed": "3"}, outputs=2
    )
    expect(card.locator(".output .chip-released")).to_have_count(2, timeout=PATIENCE_MS)
    expect(card.locator("[data-veil]")).to_have_count(0)

    page.locator("[data-prompt]").focus()
    page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("c")
    expect(page.locator("[data-tray]")).to_contain_text("2 chosen")
    page.keyboard.press("Shift+C")
    page.wait_for_url("**/compare?*")

    expect(page.locator("tr.differs")).to_have_count(1)
    expect(page.locator("tr.differs")).to_contain_text("Seed")
    _moves_the_line(page)
    page.keyboard.press("2")
    second = page.get_by_role("radio", name="Number 2")
    expect(second).to_be_checked()
    expect(second).to_be_focused()
    page.keyboard.press("r")
    page.wait_for_url("**/studio?remix=*")
    expect(page.get_by_label("Prompt")).to_have_value("a green leaf")
    expect(page.locator("[data-parent]")).to_contain_text("Remix of")

    page.goto("/history")
    row = page.locator("[data-item]").first
    expect(row).to_contain_text("a green leaf")
    page.keyboard.press("ArrowRight")
    expect(row).to_be_focused()
    page.keyboard.press("a")
    page.wait_for_url("**/studio?again=*")
    expect(page.get_by_label("Prompt")).to_have_value("a green leaf")
    expect(page.get_by_label("How many")).to_have_value("2")
    expect(page.locator("[name='tidegate-image.steps']")).to_have_value("5")
    expect(page.get_by_role("textbox", name="Seed")).to_have_value("3")


def test_a_recording_is_seen_as_its_wave_and_heard_by_keys(sits_down: SitsDown) -> None:
    page = sits_down("creator").page
    card = ask(page, kind="Speech", prompt="The tide is coming in, slowly and without a sound.")
    released(card)
    page.reload()
    peaks = card.locator("[data-sound]").get_attribute("data-peaks") or ""
    assert max(page.request.get(peaks).json()["peaks"]) == 100
    wave = card.get_by_role("slider", name="Position")
    wave.focus()
    page.keyboard.press("End")
    expect(wave).to_have_attribute("aria-valuetext", re.compile(r"^0:0([1-9]) / 0:0\1$"))
    page.keyboard.press("Home")
    expect(wave).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("Space")
    expect(card.get_by_role("button", name="Pause")).to_be_visible()
    expect(wave).not_to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("Space")
    expect(card.get_by_role("button", name="Play", exact=True)).to_be_visible()
    card.get_by_role("button", name="Pace of playing").click()
    assert card.locator("audio").evaluate("audio => audio.playbackRate") == 1.25


def test_no_key_steals_what_is_typed_and_letters_can_be_switched_off(sits_down: SitsDown) -> None:
    page = sits_down("creator").page
    page.goto("/studio")
    page.keyboard.press("/")
    prompt = page.get_by_label("Prompt")
    expect(prompt).to_be_focused()
    page.keyboard.type("cargo? a/c or g s")
    expect(prompt).to_have_value("cargo? a/c or g s")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    overlay = page.get_by_role("dialog", name="Keys")
    expect(overlay).to_be_visible()
    overlay.get_by_label("Single letters act as keys").uncheck()
    page.keyboard.press("Escape")
    expect(overlay).to_be_hidden()
    page.reload()
    page.keyboard.press("/")
    expect(page.get_by_label("Prompt")).not_to_be_focused()


def _moves_the_line(page: Page) -> None:
    """Go to the slider between the two pictures and move it by keys."""
    line = page.get_by_role("slider", name="How much of the left one is shown")
    line.focus()
    page.keyboard.press("Home")
    expect(line).to_have_value("0")
    shown = "frame => getComputedStyle(frame).getPropertyValue('--at')"
    assert page.locator("[data-slide]").evaluate(shown) == "0%"
