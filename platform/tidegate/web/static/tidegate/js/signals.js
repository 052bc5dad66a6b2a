// What a page notices in passing: how long a piece was on screen, and how long an opened one was
// looked at. Sent together, as a beacon that outlives the page; nothing is sent twice.
const LEAST_MS = 1000;
const EVERY_MS = 5000;
const HALF = 0.5;

export function signals() {
  const feed = document.querySelector("[data-signals]");
  const opened = document.querySelector("[data-dwells]");
  if (!feed && !opened) return;
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const since = new Map();
  const told = new Set();
  let waiting = [];

  const note = (tile) => {
    const began = since.get(tile);
    since.delete(tile);
    const looked = began === undefined ? 0 : Math.round(performance.now() - began);
    if (looked < LEAST_MS || told.has(tile)) return;
    told.add(tile);
    waiting.push({ asset_id: tile.dataset.item, kind: "impression", slate_id: tile.dataset.slate, dwell_ms: looked });
  };
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting && document.visibilityState === "visible") since.set(target, performance.now());
        else note(target);
      }
    },
    { threshold: HALF },
  );
  const watch = () => feed?.querySelectorAll("[data-slate]").forEach((tile) => watcher.observe(tile));

  const send = () => {
    if (!waiting.length) return;
    const body = new FormData();
    body.append("csrfmiddlewaretoken", token);
    body.append("signals", JSON.stringify(waiting.splice(0)));
    if (!navigator.sendBeacon("/feed/signals", body)) fetch("/feed/signals", { method: "POST", body, keepalive: true });
  };

  let openSince = performance.now();
  const leave = () => {
    [...since.keys()].forEach(note);
    if (opened && openSince !== null) {
      const dwelt = Math.round(performance.now() - openSince);
      openSince = null;
      if (dwelt >= LEAST_MS) waiting.push({ asset_id: opened.dataset.dwells, kind: "dwell", dwell_ms: Math.min(dwelt, 3_600_000) });
    }
    send();
  };
  if (opened) waiting.push({ asset_id: opened.dataset.dwells, kind: "view" });
  watch();
  send();
  document.addEventListener("htmx:afterSettle", watch);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leave();
    else openSince = performance.now();
  });
  addEventListener("pagehide", leave);
  setInterval(() => {
    [...since].forEach(([tile, began]) => performance.now() - began >= EVERY_MS && note(tile));
    send();
  }, EVERY_MS);
}
