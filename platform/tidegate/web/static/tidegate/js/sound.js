// A recording as its own wave: play, pause, go to a place. The plain player stays where drawing
// is not possible.
const BARS_PX = 4;
const FOAM = "#7fe0d2";
const REST = "#3a6a78";

async function peaks(url, count) {
  const context = new OfflineAudioContext(1, 1, 24000);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`media answered ${answer.status}`);
  const samples = (await context.decodeAudioData(await answer.arrayBuffer())).getChannelData(0);
  const width = Math.max(1, Math.floor(samples.length / count));
  const found = Array.from({ length: count }, (_, bar) => {
    let highest = 0;
    for (let at = bar * width; at < (bar + 1) * width; at += 16) {
      highest = Math.max(highest, Math.abs(samples[at] ?? 0));
    }
    return highest;
  });
  const loudest = Math.max(...found, 0.01);
  return found.map((peak) => peak / loudest);
}

function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function dress(frame) {
  const audio = frame.querySelector("audio");
  const canvas = frame.querySelector("[data-sound-wave]");
  const button = frame.querySelector("[data-sound-play]");
  const time = frame.querySelector("[data-sound-time]");
  const pen = canvas.getContext("2d");
  let wave = null;

  function draw() {
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    pen.scale(scale, scale);
    const count = Math.floor(width / BARS_PX);
    const played = audio.duration ? audio.currentTime / audio.duration : 0;
    for (let bar = 0; bar < count; bar += 1) {
      const peak = wave ? wave[Math.floor((bar / count) * wave.length)] : 0.12;
      const tall = Math.max(2, peak * height);
      pen.fillStyle = bar / count < played ? FOAM : REST;
      pen.beginPath();
      pen.roundRect(bar * BARS_PX, (height - tall) / 2, BARS_PX - 1.5, tall, 1);
      pen.fill();
    }
    if (audio.duration) time.textContent = clock(audio.paused && !audio.currentTime ? audio.duration : audio.currentTime);
  }
  function turn() {
    frame.querySelector("[data-when-paused]").toggleAttribute("hidden", !audio.paused);
    frame.querySelector("[data-when-playing]").toggleAttribute("hidden", audio.paused);
    button.setAttribute("aria-label", audio.paused ? button.dataset.play : button.dataset.pause);
    draw();
  }

  frame.querySelector("[data-sound-line]").hidden = false;
  audio.removeAttribute("controls");
  audio.hidden = true;
  button.addEventListener("click", () => {
    document.querySelectorAll("audio").forEach((other) => other !== audio && other.pause());
    if (audio.paused) audio.play();
    else audio.pause();
  });
  canvas.addEventListener("click", (event) => {
    if (!audio.duration) return;
    audio.currentTime = (event.offsetX / canvas.clientWidth) * audio.duration;
  });
  ["play", "pause", "ended"].forEach((kind) => audio.addEventListener(kind, turn));
  ["timeupdate", "loadedmetadata", "seeked"].forEach((kind) => audio.addEventListener(kind, draw));
  new ResizeObserver(draw).observe(canvas);
  // The wave is read when somebody is about to see it, not before.
  const seen = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    try {
      wave = await peaks(audio.src, 120);
      draw();
    } catch (error) {
      console.warn("no wave for this recording", error);
    }
  });
  seen.observe(canvas);
  draw();
}

export function sounds() {
  const all = () =>
    document.querySelectorAll("[data-sound]:not([data-dressed])").forEach((frame) => {
      frame.dataset.dressed = "";
      dress(frame);
    });
  all();
  document.addEventListener("htmx:afterSettle", all);
}
