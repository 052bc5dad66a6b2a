// The console lives on the keyboard. Letters act only while nothing is being typed.
const HELD_MS = 350;
const SEQUENCE_MS = 1200;
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]");
const find = (selector) => document.querySelector(selector);

// --- the queue ---------------------------------------------------------------
let selected = null;
const rows = () => [...document.querySelectorAll("[data-case]")];
function mark() {
  rows().forEach((row) => row.toggleAttribute("data-selected", row.dataset.case === selected));
}
function select(offset) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.dataset.case === selected);
  const next = all[Math.min(Math.max(at + offset, 0), all.length - 1)];
  selected = next.dataset.case;
  mark();
  next.scrollIntoView({ block: "nearest" });
}
function go(offset) {
  if (!find("[data-case-page]")) return select(offset);
  find(offset > 0 ? "[data-next-case]" : "[data-previous]")?.click();
}
const open = (id) => location.assign(`/console/cases/${id}`);

// --- the veil ----------------------------------------------------------------
function reveal(isSeen) {
  const page = find("[data-case-page]");
  if (!page) return;
  page.classList.toggle("unveiled", isSeen);
  document.querySelectorAll("[data-veiled]").forEach((part) => {
    part.inert = !isSeen;
  });
  find("[data-reveal]").setAttribute("aria-pressed", String(isSeen));
  document.dispatchEvent(new CustomEvent("veil", { detail: isSeen }));
}
document.addEventListener("veil:drop", () => reveal(false));
const isRevealed = () => find("[data-case-page]")?.classList.contains("unveiled") ?? false;
let pressedAt = 0;

// --- the ruling --------------------------------------------------------------
let armed = null;
const ruling = (action) => find(`[data-decision] button[name="action"][value="${action}"]`);
function arm(action) {
  armed = action;
  document
    .querySelectorAll('[data-decision] button[name="action"]')
    .forEach((one) => one.classList.toggle("is-armed", one.value === action));
}
function decide(action) {
  const button = ruling(action);
  if (!button) return;
  arm(action);
  const more = button.closest("[data-more-actions]");
  if (more) more.open = true;
  const { reason } = button.form.elements;
  if (reason.value.trim()) button.form.requestSubmit(button);
  else reason.focus();
}
function moreActions() {
  const more = find("[data-more-actions]");
  if (!more) return;
  more.open = !more.open;
  if (more.open) more.querySelector("select, input, button").focus();
}
function showNeeds() {
  const chosen = find("[data-grounds]")?.value;
  document.querySelectorAll("[data-needs]").forEach((fields) => {
    fields.hidden = fields.dataset.needs !== chosen;
    fields.querySelectorAll("input").forEach((input) => (input.required = !fields.hidden));
  });
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-grounds]")) showNeeds();
});

// --- undo --------------------------------------------------------------------
// The server says until when; the page only counts.
let counting = 0;
function countDown() {
  clearTimeout(counting);
  const offer = find("[data-undo]");
  if (!offer) return;
  const left = Math.ceil((Date.parse(offer.dataset.until) - Date.now()) / 1000);
  if (left <= 0) return offer.remove();
  find("[data-undo-left]").textContent = `${left} s`;
  counting = setTimeout(countDown, 250);
}

// --- the next case, ahead of time ---------------------------------------------
// While somebody reads a case, the next one is claimed for them and its page fetched: what they
// decide is sent, and the next case stands there in the same moment. Whoever leaves gives it back.
let ahead = null;
async function prepare(left, why) {
  const page = find("[data-upcoming]");
  ahead = null;
  if (!page) return;
  const form = new FormData(find("[data-take-next]"));
  // What was just left may not be decided yet, for all that the server knows.
  if (left) form.append(why, left);
  try {
    const answer = await fetch(page.dataset.upcoming, { method: "POST", body: form });
    if (answer.status !== 200 || !page.isConnected) return;
    const shown = new DOMParser().parseFromString(await answer.text(), "text/html");
    ahead = { url: answer.headers.get("X-Page"), title: shown.title, main: document.adoptNode(shown.querySelector("main")) };
    ahead.main.querySelectorAll("img[src]").forEach((image) => (new Image().src = image.src));
  } catch {
    // Offline: the decision itself says so, and goes on the slower way.
  }
}
function show({ url, title, main }, why = "besides") {
  const left = find("[data-case-page]").dataset.casePage;
  const was = { url: location.href, title: document.title, main: find("main") };
  was.main.replaceWith(main);
  document.title = title;
  history.pushState(null, "", url);
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
  begin(left, why);
  return was;
}
function comeBack(was, words) {
  show(was);
  armed = null;
  const note = find("[data-lease]");
  note.textContent = words;
  note.hidden = false;
}
async function decideAhead(form, button) {
  const body = new FormData(form, button);
  const was = show(ahead);
  const broken = find("[data-toasts]").dataset.broken;
  try {
    // The form's buttons are called "action", too, so that its property is one of them.
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { "X-Ahead": "yes" }, keepalive: true });
    if (answer.status === 409) return comeBack(was, await answer.text());
    if (!answer.ok) return comeBack(was, broken);
    find("[data-undo]")?.remove();
    if (answer.status === 200) find("main").insertAdjacentHTML("afterbegin", await answer.text());
    countDown();
  } catch {
    comeBack(was, find("[data-toasts]").dataset.offline);
  }
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (ahead && form.matches("[data-decision]") && event.submitter) {
    event.preventDefault();
    decideAhead(form, event.submitter);
  } else if (ahead && form.matches("[data-take-next]")) {
    event.preventDefault();
    show(ahead, "passed");
  } else {
    // The server goes on by itself: what was claimed ahead comes next there, too.
    ahead = null;
  }
});
addEventListener("popstate", () => location.reload());
addEventListener("pagehide", () => {
  if (!ahead) return;
  const body = new FormData();
  body.set("csrfmiddlewaretoken", find("[name=csrfmiddlewaretoken]").value);
  navigator.sendBeacon(`${new URL(ahead.url, location.href).pathname}/give-back`, body);
});
function begin(left, why) {
  armed = null;
  showNeeds();
  countDown();
  prepare(left, why);
  document.dispatchEvent(new CustomEvent("case:shown"));
}

function takeReason(place) {
  const chip = document.querySelectorAll("[data-chip-reason]")[place];
  if (!chip) return;
  const box = document.getElementById("reason");
  box.value = chip.dataset.chipReason;
  box.focus();
}

// --- the lease ---------------------------------------------------------------
// An open page keeps its case; whoever leaves loses it within minutes.
const RENEW_MS = 60_000;
async function renew() {
  const lease = find("[data-lease]");
  if (!lease || document.hidden) return;
  const token = find("[name=csrfmiddlewaretoken]").value;
  try {
    const answer = await fetch(lease.dataset.lease, { method: "POST", headers: { "X-CSRFToken": token } });
    if (answer.status !== 409) return;
    lease.textContent = await answer.text();
    lease.hidden = false;
  } catch {
    // Offline: the next round asks again, and a decision says what became of the case.
  }
}
setInterval(renew, RENEW_MS);
document.addEventListener("visibilitychange", renew);

// --- keys --------------------------------------------------------------------
let sequence = "";
const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  Enter: () => selected && open(selected),
  c: () => find("[data-claim]")?.requestSubmit(),
  n: () => find("[data-take-next]")?.requestSubmit(),
  p: () => find("[data-reveal-reason]")?.focus(),
  v: () => document.dispatchEvent(new CustomEvent("veil:colour")),
  r: () => decide("release"),
  b: () => decide("block"),
  s: () => decide("second_level"),
  l: () => decide("refer_to_legal"),
  m: moreActions,
  y: () => find("[data-agree]")?.requestSubmit(),
  z: () => find("[data-undo]")?.requestSubmit(),
  x: () => find("[data-calls]")?.focus(),
  t: () => find("[data-translate]")?.requestSubmit(),
  o: () => find("[data-case-page]")?.classList.toggle("no-findings"),
  "?": () => document.getElementById("keys").showModal(),
  g: () => {
    sequence = "g";
    setTimeout(() => (sequence = ""), SEQUENCE_MS);
  },
  q: () => sequence === "g" && location.assign("/console/"),
};

function inReason(event) {
  // In an empty box a digit takes the reason of that number; Enter decides what was chosen.
  const box = event.target;
  if (event.key === "Enter" && box.matches("[data-decision] input, [data-decision] select")) {
    // A browser would press the first button, which nobody chose.
    event.preventDefault();
    if (armed) decide(armed);
  }
  if (box.id !== "reason") return;
  if (/^[1-5]$/.test(event.key) && box.value === "") {
    event.preventDefault();
    takeReason(Number(event.key) - 1);
  } else if (event.key === "Enter" && !event.shiftKey && armed && box.value.trim()) {
    event.preventDefault();
    decide(armed);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (find("dialog[open]")) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    inReason(event);
    return;
  }
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  if (event.key === "u" && find("[data-reveal]")) {
    event.preventDefault();
    if (event.repeat) return;
    pressedAt = performance.now();
    reveal(!isRevealed());
    return;
  }
  const act = /^[1-5]$/.test(event.key) ? () => takeReason(Number(event.key) - 1) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
document.addEventListener("keyup", (event) => {
  if (event.key !== "u" || isTyping(event.target) || !pressedAt) return;
  if (performance.now() - pressedAt > HELD_MS) reveal(false);
  pressedAt = 0;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-reveal]")) reveal(!isRevealed());
  const chip = event.target.closest("[data-chip-reason]");
  if (chip) {
    document.getElementById("reason").value = chip.dataset.chipReason;
    document.getElementById("reason").focus();
  }
  const mention = event.target.closest("[data-mention]");
  if (mention) {
    const words = document.getElementById("note-words");
    words.setRangeText(`${mention.dataset.mention} `, words.selectionStart, words.selectionEnd, "end");
    words.focus();
  }
  const row = event.target.closest("[data-case]");
  if (row && !event.target.closest("a")) open(row.dataset.case);
});
document.addEventListener("input", (event) => {
  const { mirrors, mirrored } = event.target.dataset;
  const other = mirrors || mirrored;
  if (other) document.getElementById(other).value = event.target.value;
});
document.addEventListener("change", (event) => {
  const { checks } = event.target.dataset;
  if (!checks) return;
  document.querySelectorAll(`input[name="${checks}"]`).forEach((box) => (box.checked = event.target.checked));
});
document.addEventListener("htmx:afterSettle", mark);
begin();
