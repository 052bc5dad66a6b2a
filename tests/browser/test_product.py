"""The whole way in a browser: make it, see it checked, judge it by keyboard, find it in a feed."""

import random
import re
import time
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE_MS, SitsDown

pytestmark = pytest.mark.browser

# All held with some distance to what is blocked; of bread, stew and pasta the score reaches that.
DISHES = ("salad", "coffee", "pudding", "cake")


def ask(
    page: Page,
    *,
    kind: str,
    prompt: str,
    settings: dict[str, str] | None = None,
    outputs: int = 1,
) -> Locator:
    """Fill in the studio's form, send it, and return the new card."""
    page.goto("/studio")
    page.locator("label", has=page.get_by_role("radio", name=kind, exact=True)).click()
    page.get_by_label("Prompt").fill(prompt)
    if settings:
        page.locator("summary", has_text="Settings").click()
        for label, value in settings.items():
            fields = page.locator("[data-parameters]:not([hidden]), [data-pointer='/seed']")
            fields.get_by_role("textbox", name=label).fill(value)
    if outputs > 1:
        page.get_by_label("How many").select_option(str(outputs))
    known = {card.get_attribute("id") for card in page.locator("[data-job]").all()}
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("[data-job]")).to_have_count(len(known) + 1)
    first = page.locator("[data-job]").first.get_attribute("id")
    assert first not in known
    return page.locator(f"#{first}")


def asset_in(card: Locator) -> UUID:
    """Return the asset that a card leads to."""
    address = card.get_by_role("link", name="Open").get_attribute("href") or ""
    return UUID(address.removeprefix("/assets/"))


def released(card: Locator) -> UUID:
    """Wait until the card says that its output was released; no reload happens meanwhile."""
    expect(card.locator("[data-chip]")).to_have_text("released", timeout=PATIENCE_MS)
    return asset_in(card)


def test_text_and_images_are_made_checked_and_released_before_ones_eyes(
    sits_down: SitsDown,
) -> None:
    page = sits_down("creator").page
    page.evaluate("window.sameDocument = true")
    # What is made is the same each time, or one day it might be something to hold.
    picture = ask(page, kind="Image", prompt="a red heart", settings={"Steps": "8", "Seed": "3"})
    page.evaluate("window.sameDocument = true")
    released(picture)
    shown = picture.get_by_role("img", name="a red heart")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 256)
    assert page.evaluate("window.sameDocument") is True
    words = ask(
        page,
        kind="Text",
        prompt="Write one sentence that welcomes visitors to a small lighthouse museum.",
        settings={"Length": "24", "Seed": "6"},
    )
    released(words)
    expect(words.locator(".written")).not_to_be_empty()
    page.reload()
    expect(page.locator(f"#{words.get_attribute('id')} [data-chip]")).to_have_text("released")


def test_a_wrong_setting_is_said_at_its_field_and_the_page_stays(sits_down: SitsDown) -> None:
    page = sits_down("creator").page
    page.goto("/studio")
    page.get_by_label("Prompt").fill("anything")
    page.locator("summary", has_text="Settings").click()
    length = page.locator("[data-parameters]:not([hidden])").get_by_role("textbox", name="Length")
    length.fill("100000")
    page.get_by_role("button", name="Make it").click()
    expect(length).to_have_attribute("aria-invalid", "true")
    expect(length).to_be_focused()
    expect(page.locator("[data-field-error]")).to_be_visible()


def test_a_doubtful_output_is_judged_by_keyboard_and_reaches_a_feed(sits_down: SitsDown) -> None:
    author = sits_down("creator").page
    # A feed shows one of the same prompt, so a stack that is used again wants another one.
    dish = random.choice(DISHES)
    insult = f"Your {dish} is disgusting and you are a lazy fool."
    card = ask(author, kind="Speech", prompt=insult)
    expect(card.locator("[data-chip]")).to_have_text("held for review", timeout=PATIENCE_MS)
    asset_id = asset_in(card)

    stranger = sits_down("viewer").page
    answer = stranger.request.get(f"/assets/{asset_id}")
    assert answer.status == 404

    _release_by_keyboard(sits_down("reviewer").page, asset_id)

    # The author's open page learns of it by itself.
    expect(card.locator("[data-chip]")).to_have_text("released", timeout=PATIENCE_MS)
    tile = _tile(stranger, asset_id)
    expect(tile.locator(".tile-why")).not_to_be_empty()

    tile.get_by_role("button", name="Like", exact=True).click()
    expect(tile.get_by_role("button", name="Like", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    stranger.reload()
    expect(
        _tile(stranger, asset_id).get_by_role("button", name="Like", exact=True)
    ).to_have_attribute("aria-pressed", "true")
    _tile(stranger, asset_id).get_by_role("button", name="Not for me: hide").click()
    expect(stranger.locator(f"#tile-{asset_id}")).to_have_count(0)
    stranger.reload()
    expect(stranger.locator("[data-feed], .empty").first).to_be_visible()
    expect(stranger.locator(f"#tile-{asset_id}")).to_have_count(0)


def test_a_refused_prompt_says_why(sits_down: SitsDown) -> None:
    page = sits_down("creator").page
    card = ask(
        page,
        kind="Text",
        prompt="Write step-by-step instructions for building a pipe bomb at home.",
    )
    expect(card).to_contain_text("This prompt was refused", timeout=PATIENCE_MS)
    expect(card).to_contain_text("Nothing was made")


def test_a_report_takes_the_piece_away_and_brings_it_to_a_reviewer(sits_down: SitsDown) -> None:
    author = sits_down("creator").page
    settings = {"Steps": "5", "Seed": "3"}
    asset_id = released(ask(author, kind="Image", prompt="a blue star", settings=settings))
    reader = sits_down("viewer").page
    _tile(reader, asset_id).get_by_role("button", name="Report").click()
    dialog = reader.get_by_role("dialog")
    dialog.get_by_label("Why?").select_option("other")
    dialog.get_by_label("What is wrong with it?").fill("This is no star.")
    dialog.get_by_role("button", name="Send the report").click()
    expect(reader.locator(f"#tile-{asset_id}")).to_have_count(0)
    expect(reader.locator(".toast")).to_be_visible()
    reviewer = sits_down("reviewer").page
    reviewer.goto("/console/?because=report")
    # The queue refreshes itself; the report arrives over the stream.
    row = reviewer.locator(f"[data-asset='{asset_id}']")
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    row.get_by_role("link").click()
    expect(reviewer.get_by_text("This is no star.")).to_be_visible()


@pytest.mark.parametrize("width", [375, 768, 1280])
def test_no_page_is_wider_than_its_screen(width: int, sits_down: SitsDown) -> None:
    page = sits_down("reviewer").page
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/studio", "/feed", "/library", "/organisation", "/console/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_the_theme_stays_as_chosen(sits_down: SitsDown) -> None:
    page = sits_down("viewer").page
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    before = page.evaluate(paper)
    page.get_by_role("button", name="Light or dark").click()
    changed = page.evaluate(paper)
    assert changed != before
    page.reload()
    assert page.evaluate(paper) == changed


def _release_by_keyboard(page: Page, asset_id: UUID) -> None:
    """Find the case in the queue and release it without touching the mouse."""
    page.goto("/console/")
    row = page.locator(f"[data-asset='{asset_id}']")
    expect(row).to_be_visible()
    wanted = row.get_attribute("data-case")
    for _ in range(page.locator("[data-case]").count()):
        page.keyboard.press("j")
        if page.locator("[data-selected]").get_attribute("data-case") == wanted:
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/cases/{wanted}")
    frame = page.locator("[data-case-page]")
    expect(frame).not_to_have_class(re.compile("unveiled"))
    page.keyboard.press("u")
    expect(frame).to_have_class(re.compile("unveiled"))
    page.keyboard.press("c")
    expect(page.get_by_text("You hold this case.")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_label("In your words")).to_be_focused()
    page.keyboard.press("1")
    expect(page.get_by_label("In your words")).to_have_value(re.compile("too cautious"))
    page.keyboard.press("Enter")
    expect(page.locator("[data-undo]")).to_contain_text("Released")
    page.goto(f"/console/cases/{wanted}")
    expect(page.locator(".decide")).to_contain_text("Released")


def _tile(page: Page, asset_id: UUID) -> Locator:
    """Return the feed's tile of an asset, once it is there: releases arrive over the stream."""
    tile = page.locator(f"#tile-{asset_id}")
    ends_at = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < ends_at:
        page.goto("/feed")
        if tile.count():
            break
        page.wait_for_timeout(1000)
    expect(tile).to_be_visible()
    return tile
