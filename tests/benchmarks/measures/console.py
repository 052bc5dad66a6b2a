"""A reviewer who decides 200 cases by keyboard, in a real browser before the running product.

The texts are judged by the real gate, which holds them. Per case it is measured how long the
reviewer waits for the product: from the key that decides until the next case is painted and takes
keys, by the browser's own clock. Between the keys the script reads for as long as the figures say.
"""

import json
import shutil
import time
from typing import Final

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.figures import Result, Target, percentile
from tests.benchmarks.stand import Stand

CASES: Final = 200
_GATE_SECONDS: Final = 300.0
_READING_SECONDS: Final = 1.0
_PLACES = ("harbour", "market", "meadow", "station", "library", "orchard", "bridge", "cottage")
_INSULTS = (
    "You are a worthless idiot, {name} of the {place}, and everybody laughs at you.",
    "Nobody wants to hear from a stupid, pathetic loser like you, {name} of the {place}.",
    "Shut up, {name}, you disgusting moron; the whole {place} despises you.",
)
# From the key until two frames after the next case stands there: then it is painted.
_CLOCK = """
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter") sessionStorage.setItem("pressed", String(Date.now()));
}, true);
const note = () => {
  const pressed = Number(sessionStorage.getItem("pressed"));
  if (!pressed) return;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    sessionStorage.removeItem("pressed");
    const waits = JSON.parse(sessionStorage.getItem("waits") ?? "[]");
    sessionStorage.setItem("waits", JSON.stringify([...waits, Date.now() - pressed]));
  }));
};
document.addEventListener("DOMContentLoaded", note);
document.addEventListener("case:shown", note);
"""


def measure(stand: Stand) -> Result:
    """Return p50, p95 and the longest wait in milliseconds, and the cases an hour."""
    result = Result("console")
    _hold_outputs()
    people = json.loads((stand.places.var / "demo.json").read_text())
    email = next(one["email"] for one in people["people"] if one["role"] == "reviewer")
    with stand.paused("worker-"), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_context(base_url=stand.url).new_page()
        page.add_init_script(_CLOCK)
        _log_in(page, email, people["password"])
        began = time.monotonic()
        decided = _decide_all(page)
        took = time.monotonic() - began
        waits: list[float] = page.evaluate("JSON.parse(sessionStorage.getItem('waits') ?? '[]')")
        chromium.close()
    if decided != CASES or _decided_rows(email) < CASES:
        raise RuntimeError(f"{decided} of {CASES} cases were decided")
    result.figures |= {
        "cases": decided,
        "wait_p50_ms": percentile(waits, 0.5),
        "wait_p95_ms": percentile(waits, 0.95),
        "wait_longest_ms": max(waits),
        "reading_s": _READING_SECONDS,
        "cases_per_hour": decided / took * 3_600,
    }
    result.targets.append(
        Target("p95 of the wait for the next case, ms", 100, result.figures["wait_p95_ms"])
    )
    return result


def _hold_outputs() -> None:
    """Make texts, each of another author, until the gate has held as many as are decided."""
    from moderation.app.models import Case
    from tests import factories as make

    until, made = time.monotonic() + _GATE_SECONDS, 0
    while (held := Case.objects.filter(state="open").count()) < CASES:
        if time.monotonic() > until:
            raise RuntimeError(f"the gate held {held} of {made} texts")
        for _ in range(CASES - held):
            made += 1
            text = _INSULTS[made % 3].format(name=f"number {made}", place=_PLACES[made % 8])
            home = make.make_account(f"bench-console-{time.time_ns()}@example.test").project
            make.make_asset(home, visibility="pending", prompt="a quarrel", text=text)
        time.sleep(10)


def _log_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.locator("form.panel").get_by_role("button", name="Log in").click()
    page.wait_for_url("**/feed")


def _decide_all(page: Page) -> int:
    """Decide case after case by keys alone; return how many."""
    page.goto("/console/")
    page.keyboard.press("n")
    page.wait_for_url("**/console/cases/**")
    for at in range(CASES):
        before = page.url
        _wait_for_keys(page)
        page.wait_for_timeout(_READING_SECONDS * 1_000)
        page.keyboard.press("b" if at % 4 == 3 else "r")
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, before=before: url != before)  # type: ignore[misc]
    _wait_for_keys(page)
    return CASES


def _wait_for_keys(page: Page) -> None:
    """Wait until the page has noted its time; asked for again, as its policy forbids `eval`."""
    page.wait_for_load_state("domcontentloaded")
    while page.evaluate("sessionStorage.getItem('pressed')") is not None:
        time.sleep(0.002)


def _decided_rows(email: str) -> int:
    """Return how many cases this reviewer decided, with an entry of the trail each."""
    from moderation.app.models import Case
    from tidegate.audit.models import Entry

    cases = Case.objects.filter(decided_by__email=email).values_list("pk", flat=True)
    entries = Entry.objects.filter(
        action="case.decided", subject_id__in=[str(one) for one in cases]
    )
    return entries.count()
