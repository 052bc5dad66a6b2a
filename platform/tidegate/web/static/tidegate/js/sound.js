// A recording as its own wave: play, pause, go to a place by pointer or keys, choose the pace.
// The wave's shape comes from the server, with the same permission as the sound itself; until it
// is there, and where there is none, the line is even. Without scripts the plain player stays.
const BAR_PX = 4;
const GAP_PX = 1.5;
const EVEN = 0.12;
const STEP_S = 5;
const LEAP = 0.1;
const PACES = [1, 1.25, 1.5, 2, 0.75];

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// Each bar is the loudest of the points that it stands for: none is passed over.
function barsOf(peaks, count) {
  if (!peaks.length) return Array(count).fill(EVEN);
  return Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / count));
    return Math.max(...peaks.slice(from, to)) / 100;
  });
}

function dress(frame) {
  const part = (name) => frame.querySelector(`[data-sound-${name}]`);
  const audio = frame.querySelector("audio");
  const [canvas, wave, button, time, pace] = ["canvas", "wave", "play", "time", "pace"].map(part);
  const pen = canvas.getContext("2d");
  const known = Number(frame.dataset.seconds) || 0;
  let peaks = [];
  let pointed = null;

  const length = () => (Number.isFinite(audio.duration) && audio.duration) || known;
  const share = () => (length() ? Math.min(1, audio.currentTime / length()) : 0);

  function draw() {
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    pen.scale(scale, scale);
    const colours = getComputedStyle(frame);
    const [played, ahead, rest] = ["--wave-played", "--wave-ahead", "--wave"].map((name) =>
      colours.getPropertyValue(name),
    );
    const bars = barsOf(peaks, Math.max(1, Math.floor(width / BAR_PX)));
    bars.forEach((bar, at) => {
      const here = (at + 0.5) / bars.length;
      const tall = Math.max(2, bar * height);
      pen.fillStyle = here < share() ? played : pointed !== null && here < pointed ? ahead : rest;
      pen.beginPath();
      pen.roundRect(at * BAR_PX, (height - tall) / 2, BAR_PX - GAP_PX, tall, 1);
      pen.fill();
    });
  }
  function tell() {
    const now = audio.currentTime;
    const said = `${clock(now)} / ${clock(length())}`;
    draw();
    if (time.textContent === said) return;
    time.textContent = said;
    wave.setAttribute("aria-valuemax", String(Math.round(length())));
    wave.setAttribute("aria-valuenow", String(Math.floor(now)));
    wave.setAttribute("aria-valuetext", said);
  }
  function turn() {
    part("paused").toggleAttribute("hidden", !audio.paused);
    part("playing").toggleAttribute("hidden", audio.paused);
    button.setAttribute("aria-label", audio.paused ? button.dataset.play : button.dataset.pause);
    frame.toggleAttribute("data-is-playing", !audio.paused);
    tell();
  }
  function go(seconds) {
    if (length()) audio.currentTime = Math.min(Math.max(0, seconds), length());
    tell();
  }
  // Sound goes on between two `timeupdate`s, four a second; the bars should not jump.
  function flow() {
    if (audio.paused || !frame.isConnected) return;
    tell();
    requestAnimationFrame(flow);
  }

  part("line").hidden = false;
  audio.removeAttribute("controls");
  audio.hidden = true;
  button.addEventListener("click", () => {
    document.querySelectorAll("audio, video").forEach((other) => other !== audio && other.pause());
    if (audio.paused) audio.play();
    else audio.pause();
  });
  pace.addEventListener("click", () => {
    audio.playbackRate = PACES[(PACES.indexOf(audio.playbackRate) + 1) % PACES.length];
    pace.textContent = `${audio.playbackRate}×`;
  });
  wave.addEventListener("keydown", (event) => {
    const to = {
      ArrowLeft: () => audio.currentTime - STEP_S,
      ArrowDown: () => audio.currentTime - STEP_S,
      ArrowRight: () => audio.currentTime + STEP_S,
      ArrowUp: () => audio.currentTime + STEP_S,
      PageDown: () => audio.currentTime - LEAP * length(),
      PageUp: () => audio.currentTime + LEAP * length(),
      Home: () => 0,
      End: () => length(),
    }[event.key];
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    go(to());
  });
  const at = (event) => Math.min(1, Math.max(0, event.offsetX / canvas.clientWidth));
  wave.addEventListener("pointerdown", (event) => {
    wave.setPointerCapture(event.pointerId);
    go(at(event) * length());
  });
  wave.addEventListener("pointermove", (event) => {
    pointed = at(event);
    if (wave.hasPointerCapture(event.pointerId)) go(pointed * length());
    else draw();
  });
  wave.addEventListener("pointerleave", () => {
    pointed = null;
    draw();
  });
  ["play", "pause", "ended"].forEach((kind) => audio.addEventListener(kind, turn));
  audio.addEventListener("play", flow);
  ["timeupdate", "loadedmetadata", "seeked"].forEach((kind) => audio.addEventListener(kind, tell));
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  // The shape is asked for when somebody is about to see it, not before.
  const seen = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    const answer = await fetch(frame.dataset.peaks);
    // Taken down since: the player says so itself when it is asked to play.
    if (!answer.ok) return;
    ({ peaks } = await answer.json());
    draw();
  });
  seen.observe(canvas);
  tell();
}

// News that a page asks for now and then must not take away what is being listened to: it asks again.
function guard(event) {
  const asks = event.detail.requestConfig.elt.getAttribute("hx-trigger") ?? "";
  const heard = [...event.detail.target.querySelectorAll("audio, video")].some((media) => !media.paused);
  if (heard && asks.startsWith("every")) event.detail.shouldSwap = false;
}

export function sounds() {
  const all = () =>
    document.querySelectorAll("[data-sound]:not([data-dressed])").forEach((frame) => {
      frame.dataset.dressed = "";
      dress(frame);
    });
  all();
  document.addEventListener("htmx:beforeSwap", guard);
  document.addEventListener("htmx:afterSettle", all);
}
