"""The pictures of the README: made only when asked for, by people in a browser.

`TIDEGATE_SCREENSHOTS=docs/screenshots make test-browser` writes them.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS

if TYPE_CHECKING:
    from tests.browser.conftest import SitsDown

FOLDER = os.environ.get("TIDEGATE_SCREENSHOTS", "")
LARGEST_BYTES = 200_000
_SCALE = 1.5
_QUALITY = 84
_SETTLED_MS = 1500

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not FOLDER, reason="TIDEGATE_SCREENSHOTS names no folder"),
]


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to be made for the pictures; the seed makes it the same every time."""

    model: str
    prompt: str
    seed: int = 7
    outputs: int = 1
    parameters: tuple[tuple[str, Any], ...] = ()


# In the order in which they are asked for: the last is the topmost in the studio.
WISHES = (
    Wish("tidegate-image", "a hot air balloon"),
    Wish("smollm2-135m", "Write a product blurb for a warm blue raincoat.", seed=2),
    Wish("tidegate-image", "a cute panda"),
    Wish(
        "kokoro-82m", "Welcome aboard. The next stop is the harbour, where the tide turns at six."
    ),
    Wish("tidegate-image", "a rainbow"),
    Wish("tidegate-image", "watermelon"),
    Wish("tidegate-music", "a lively Irish jig in D"),
    Wish("tidegate-image", "a robot"),
    Wish("smollm2-135m", "Write two sentences about a lighthouse at dawn.", seed=1),
    Wish("tidegate-image", "a birthday cake with candles"),
    Wish("tidegate-image", "a cup of hot coffee"),
    Wish("kokoro-82m", "Your coffee is disgusting and you are a lazy fool."),
    Wish("tidegate-image", "a rocket", outputs=3),
)
DOUBTFUL = "Your coffee is disgusting"
COMPOSED = {"recipe": "illustrated-story", "inputs": {"subject": "a small red boat"}, "seed": 7}


def test_the_pictures_of_the_readme_are_made(sits_down: SitsDown) -> None:
    author = sits_down("creator", scale=_SCALE).page
    composed = _make(author)
    take = Camera(Path(FOLDER)).take

    author.set_viewport_size({"width": 1320, "height": 860})
    author.goto(f"/compositions/{composed}")
    expect(author.locator("#composition")).to_contain_text("shown as one", timeout=3 * PATIENCE_MS)
    author.set_viewport_size({"width": 1320, "height": 1000})
    take(author, "composition")
    author.set_viewport_size({"width": 1320, "height": 860})

    author.goto("/studio?prompt=a+rocket")
    author.locator("label", has=author.get_by_role("radio", name="Image", exact=True)).click()
    take(author, "studio")

    compared = author.locator("[data-job]", has_text="a rocket").first
    compared.get_by_role("link", name="Compare side by side").click()
    author.set_viewport_size({"width": 1320, "height": 1180})
    author.keyboard.press("3")
    take(author, "compare")
    author.set_viewport_size({"width": 1320, "height": 860})

    author.goto("/history?modality=music")
    author.locator("[data-item]", has_text="a lively Irish jig in D").first.get_by_role(
        "link", name="Open"
    ).click()
    wave = author.get_by_role("slider", name="Position").first
    wave.click()
    take(author, "music")

    author.emulate_media(color_scheme="dark")
    author.goto("/history")
    take(author, "history")

    author.set_viewport_size({"width": 390, "height": 844})
    author.get_by_role("button", name="简体中文").click()
    author.goto("/studio")
    author.locator("#jobs").evaluate("jobs => jobs.scrollIntoView()")
    take(author, "phone")
    author.get_by_role("button", name="English").click()

    reader = sits_down("viewer", scale=_SCALE).page
    reader.set_viewport_size({"width": 1320, "height": 900})
    reader.goto("/feed")
    expect(reader.locator(".tile").nth(6)).to_be_visible()
    take(reader, "feed")

    reviewer = sits_down("reviewer", scale=_SCALE).page
    reviewer.set_viewport_size({"width": 1320, "height": 900})
    reviewer.goto("/console/")
    reviewer.locator("[data-case]", has_text=DOUBTFUL).first.get_by_role("link").first.click()
    take(reviewer, "console")


@dataclass(frozen=True, slots=True)
class Camera:
    """Takes pictures of what a window shows into a folder."""

    folder: Path

    def take(self, page: Page, name: str) -> None:
        """Write `name`.webp, once fonts, waves and animations have settled."""
        page.evaluate("document.activeElement?.blur()")
        page.wait_for_timeout(_SETTLED_MS)
        shot = Image.open(io.BytesIO(page.screenshot()))
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{name}.webp"
        shot.convert("RGB").save(file, "WEBP", quality=_QUALITY, method=6)
        assert file.stat().st_size < LARGEST_BYTES, file


def _make(page: Page) -> str:
    """Ask for every wish in a project that everyone sees, and wait for the last verdict.

    Returns the id of the composition that was asked for before them.
    """
    page.goto("/studio")
    project = page.locator("#project option", has_text="everyone sees").first.get_attribute("value")
    composed = _post(page, "/api/v1/compositions", {"project_id": project, **COMPOSED})
    for wish in WISHES:
        _ask(page, wish, project or "")
    page.reload()
    expect(page.locator("[data-job]").first).to_contain_text(WISHES[-1].prompt)
    # What is older than the latest dozen was asked for first, and nobody else asks.
    expect(page.locator("[data-live]")).to_have_count(0, timeout=3 * PATIENCE_MS)
    return str(composed["id"])


def _ask(page: Page, wish: Wish, project: str) -> None:
    request = {
        "project_id": project,
        "model": wish.model,
        "prompt": wish.prompt,
        "seed": wish.seed,
        "outputs": wish.outputs,
        "parameters": dict(wish.parameters),
    }
    _post(page, "/api/v1/jobs", request)


def _post(page: Page, address: str, request: dict[str, Any]) -> dict[str, Any]:
    """Ask as the page's own script would."""
    status, answer = page.evaluate(
        """async ([address, request]) => {
            const headers = JSON.parse(document.body.getAttribute("hx-headers"));
            const answer = await fetch(address, {
                method: "POST",
                headers: { ...headers, "Content-Type": "application/json" },
                body: JSON.stringify(request),
            });
            return [answer.status, await answer.json()];
        }""",
        [address, request],
    )
    assert status in {201, 202}, (request, answer)
    return dict(answer)
