// Follows live jobs over server-sent events. The card itself is always rendered by the server;
// the stream only says when, and fills in progress and text.
//
// A browser opens six connections to one host at most (HTTP/1.1), and a page with six streams
// could load nothing else. So a few jobs are streamed and the rest is asked for now and then,
// until a stream is free.
const MOST_STREAMS = 3;
const ASK_AGAIN_MS = 3000;
const streams = new Map();

const card = (id) => document.getElementById(`job-${id}`);

function refresh(id) {
  const target = card(id);
  if (!target) return;
  // What is being listened to is not taken out of one's ears: it waits for the pause or the end.
  const heard = [...target.querySelectorAll("audio, video")].find((media) => !media.paused);
  if (heard) heard.addEventListener("pause", () => refresh(id), { once: true });
  else window.htmx.ajax("GET", `/studio/jobs/${id}/card`, { target, swap: "outerHTML" });
}

function follow(id) {
  const source = new EventSource(`/api/v1/jobs/${id}/events`);
  streams.set(id, source);
  const part = (name) => card(id)?.querySelector(`[data-${name}]`);
  let shown = part("text")?.textContent ?? "";
  const on = (kind, act) => source.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  const put = (text) => {
    shown = text;
    if (part("text")) part("text").textContent = text;
  };
  const add = (text) => {
    shown += text;
    if (!part("text")) return;
    const window_ = document.createElement("span");
    window_.className = "window";
    window_.textContent = text;
    part("text").append(window_);
  };

  on("state", (data) => {
    if (typeof data.released_text === "string") put(data.released_text);
    const chip = part("chip");
    const position = part("status")?.dataset.position;
    const isElsewhere = typeof data.queue_position === "number" && String(data.queue_position) !== position;
    if (position !== undefined && isElsewhere) refresh(id);
    if (part("progress") && chip && !chip.classList.contains(`chip-${data.state}`)) refresh(id);
  });
  on("progress", (data) => {
    const meter = part("meter");
    if (!meter || !data.steps) return;
    meter.max = data.steps;
    meter.value = data.step;
    rise(card(id));
    const steps = part("steps");
    steps.textContent = ` · ${steps.dataset.of.replace("%d", data.step).replace("%d", data.steps)}`;
  });
  on("text", (data) => {
    // `offset` makes a replayed window harmless: text is placed, never blindly appended.
    const offset = data.offset ?? shown.length;
    if (offset < shown.length) put(shown.slice(0, offset) + data.text);
    else add(data.text);
  });
  on("text_withheld", () => refresh(id));
  on("output", () => refresh(id));
  on("verdict", () => refresh(id));
  on("end", () => {
    source.close();
    streams.delete(id);
    // Drawn as it ended already, unless this is the first that the page hears of it.
    if (card(id)?.hasAttribute("data-live")) refresh(id);
    scan();
  });
}

// The veil over a picture clears with the steps. It knows their number and nothing of the picture.
function rise(article) {
  const meter = article.querySelector("[data-meter]");
  const veil = article.querySelector("[data-veil]:has(.veil-level)");
  veil?.style.setProperty("--made", String(meter?.hasAttribute("value") ? meter.value / meter.max : 0));
}

function live() {
  return [...document.querySelectorAll("[data-live]")].map((found) => found.dataset.job);
}

function scan() {
  for (const [id, source] of streams) {
    if (card(id)) continue;
    source.close();
    streams.delete(id);
  }
  document.querySelectorAll("[data-live]").forEach(rise);
  // The oldest is nearest to its end, and the page lists the newest first.
  for (const id of live().reverse()) {
    if (streams.size < MOST_STREAMS && !streams.has(id)) follow(id);
  }
  const empty = document.querySelector("[data-empty]");
  if (empty) empty.hidden = document.querySelector("[data-job]") !== null;
}

export function watchJobs() {
  if (!document.querySelector("[data-jobs]")) return;
  scan();
  document.addEventListener("htmx:afterSettle", scan);
  setInterval(() => {
    if (document.hidden) return;
    live().filter((id) => !streams.has(id)).forEach(refresh);
  }, ASK_AGAIN_MS);
  addEventListener("pagehide", () => streams.forEach((source) => source.close()));
}
