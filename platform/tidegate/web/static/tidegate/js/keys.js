// The product by keyboard. A key acts only while nothing is being typed, no dialog is open and no
// control that wants the key has the focus; single letters can be switched off (WCAG 2.1.4).
import { openComparison } from "./compare.js";

const OFF = "tidegate.keys-off";
const SEQUENCE_MS = 1200;
const PLACES = { s: "/studio", h: "/history", f: "/feed", l: "/library" };
const WRITES = "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]";

let current = null;
let sequence = "";

const items = () => [...document.querySelectorAll("[data-item]")].filter((item) => item.checkVisibility());
const isOff = () => localStorage.getItem(OFF) !== null;

// The piece that keys act on: where the focus is, else the one last gone to, else the only one.
function item() {
  const focused = document.activeElement?.closest("[data-item]");
  if (focused) return focused;
  const all = items();
  return (
    document.querySelector("[data-side]:has(:checked)") ??
    all.find((one) => one.dataset.item === current) ??
    (all.length === 1 ? all[0] : null)
  );
}

function step(offset) {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(item());
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + offset, 0), all.length - 1)];
  current = next.dataset.item;
  (next.querySelector("[name=side]") ?? next).focus({ preventScroll: true });
  next.querySelector("[name=side]")?.click();
  next.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function press(selector) {
  const found = item()?.querySelector(selector);
  found?.click();
  return found !== null && found !== undefined;
}

function play() {
  const video = item()?.querySelector("video");
  if (video) return void (video.paused ? video.play() : video.pause());
  press("[data-sound-play]");
}

function write() {
  const prompt = document.querySelector("[data-prompt]");
  if (!prompt) return location.assign("/studio");
  prompt.focus();
  prompt.scrollIntoView({ block: "center" });
}

const KEYS = {
  "/": write,
  "?": () => document.getElementById("shortcuts").showModal(),
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  " ": play,
  o: () => press("[data-open]"),
  a: () => press("[data-again]"),
  r: () => press("[data-remix]"),
  c: () => press("[data-pick]") || press("[data-compares]"),
  C: openComparison,
  g: () => {
    sequence = "g";
    setTimeout(() => (sequence = ""), SEQUENCE_MS);
  },
};
const ALWAYS = new Set(["ArrowLeft", "ArrowRight", " "]);

function actOf(event) {
  const { key } = event;
  if (sequence === "g" && PLACES[key]) return () => location.assign(PLACES[key]);
  if (/^[1-4]$/.test(key)) {
    const choice = document.querySelector(`[data-side="${key}"] input[type=radio]`);
    return choice && (() => (choice.click(), choice.focus()));
  }
  // Space scrolls the page unless there is something to play.
  if (key === " " && !item()?.querySelector("[data-sound-play], video")) return undefined;
  return KEYS[key];
}

function wants(target, key) {
  if (target.closest(WRITES)) return true;
  if (key === " ") return target.closest("a, button, summary, input, video") !== null;
  if (key.startsWith("Arrow")) return target.closest("input, video, [role=slider]") !== null;
  return false;
}

export function keys() {
  const form = document.querySelector("[data-studio]");
  const overlay = document.getElementById("shortcuts");
  if (!overlay) return;
  const toggle = overlay.querySelector("[data-keys-on]");
  toggle.checked = !isOff();
  toggle.addEventListener("change", () => {
    if (toggle.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "");
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      // In the form's own fields the form has seen it already.
      if (form && !event.target.closest("[data-prompt]")) form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target.closest("[data-prompt]")) return void event.target.blur();
    if (wants(event.target, event.key)) return;
    if (isOff() && !ALWAYS.has(event.key)) return;
    const act = actOf(event);
    if (!act) return;
    event.preventDefault();
    sequence = "";
    act();
  });
  document.addEventListener("focusin", (event) => {
    current = event.target.closest("[data-item]")?.dataset.item ?? current;
  });
  // A card that is drawn anew while one is at it keeps the focus.
  let held = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const focused = document.activeElement?.closest("[data-item]");
    held = focused && event.detail.target.contains(focused) ? focused.dataset.item : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (held === null) return;
    document.querySelector(`[data-item="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
    held = null;
  });
}
