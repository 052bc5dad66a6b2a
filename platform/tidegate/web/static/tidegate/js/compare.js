// What is chosen for comparing waits in a tray until the comparison is opened; there, one side is
// chosen to go on from, and two pictures lie over each other under a line that can be moved.
const KEPT = "tidegate.compare";
const MOST = 4;

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}

function keep(chosen) {
  sessionStorage.setItem(KEPT, JSON.stringify(chosen));
  show();
}

const address = (chosen) => `/compare?${chosen.map((id) => `asset=${id}`).join("&")}`;

function show() {
  const tray = document.querySelector("[data-tray]");
  if (!tray) return;
  const chosen = kept();
  document.querySelectorAll("[data-pick]").forEach((button) => {
    button.setAttribute("aria-pressed", String(chosen.includes(button.dataset.pick)));
  });
  // On the comparison itself the tray would only be in the way.
  tray.hidden = !chosen.length || document.querySelector("[data-comparing]") !== null;
  const count = tray.querySelector("[data-tray-count]");
  count.textContent = chosen.length < 2 ? count.dataset.one : count.dataset.many.replace("%d", chosen.length);
  const go = tray.querySelector("[data-tray-go]");
  go.href = address(chosen);
  go.hidden = chosen.length < 2;
}

export function openComparison() {
  const chosen = kept();
  if (chosen.length > 1) location.assign(address(chosen));
}

export function comparing() {
  if (!document.querySelector("[data-tray]")) return;
  document.addEventListener("click", (event) => {
    const pick = event.target.closest("[data-pick]")?.dataset.pick;
    if (pick) {
      const chosen = kept();
      // The fifth takes the place of the first.
      keep(chosen.includes(pick) ? chosen.filter((id) => id !== pick) : [...chosen, pick].slice(-MOST));
    }
    if (event.target.closest("[data-tray-clear]")) keep([]);
  });
  document.addEventListener("htmx:afterSettle", show);
  addEventListener("storage", show);
  addEventListener("pageshow", show);
  show();
  sides();
}

function sides() {
  const all = [...document.querySelectorAll("[data-side]")];
  if (all.length < 2) return;
  const slide = slider();
  const radio = (side) => side.querySelector("input[type=radio]");
  let [chosen, before] = all;
  all.forEach((side) => {
    radio(side).addEventListener("change", () => {
      [chosen, before] = [side, chosen];
      slide?.([chosen, before].map((one) => one.dataset.side).sort());
    });
    side.addEventListener("click", (event) => {
      if (!event.target.closest("a, button, label, [role=slider], video")) radio(side).click();
    });
  });
}

// Returns how to lay two other pictures over each other; null where there are none.
function slider() {
  const frame = document.querySelector("[data-slide]");
  if (!frame) return null;
  const at = frame.querySelector("[data-slide-at]");
  const move = () => frame.style.setProperty("--at", `${at.value}%`);
  at.addEventListener("input", move);
  const drag = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    at.value = String(Math.round(((event.clientX - box.left) / box.width) * 100));
    move();
  };
  const area = frame.querySelector(".slide-frame");
  area.addEventListener("pointerdown", (event) => {
    area.setPointerCapture(event.pointerId);
    drag(event);
  });
  area.addEventListener("pointermove", (event) => {
    if (area.hasPointerCapture(event.pointerId)) drag(event);
  });
  move();
  return ([left, right]) => {
    frame.querySelectorAll("[data-slide-picture]").forEach((picture) => {
      const { slidePicture } = picture.dataset;
      picture.hidden = slidePicture !== left && slidePicture !== right;
      picture.classList.toggle("is-left", slidePicture === left);
    });
    frame.querySelector("[data-slide-left]").textContent = left;
    frame.querySelector("[data-slide-right]").textContent = right;
  };
}
