// A lifted veil is a look: the server keeps it, once. Colour comes only after the veil.
const page = document.querySelector("[data-case-page]");
const look = document.querySelector("[data-look]");
const colour = document.querySelector("[data-colour]");
let isKept = page?.classList.contains("unveiled") ?? true;

async function keep() {
  if (isKept) return;
  isKept = true;
  const form = new FormData(look);
  form.set("quiet", "yes");
  try {
    const answer = await fetch(look.action, { method: "POST", body: form, keepalive: true });
    if (answer.ok) return;
  } catch {
    // Offline: said below, as for any other failure.
  }
  // What nobody counted is not shown: the page is veiled again and says why.
  isKept = false;
  const note = document.querySelector(".veil-note");
  note.textContent = look.dataset.failed;
  note.setAttribute("role", "alert");
  document.dispatchEvent(new CustomEvent("veil:drop"));
}

function inColour(isWanted) {
  if (!colour || (isWanted && !page.classList.contains("unveiled"))) return;
  page.classList.toggle("in-colour", isWanted);
  colour.setAttribute("aria-pressed", String(isWanted));
}

document.addEventListener("veil", (event) => {
  if (colour) colour.hidden = !event.detail;
  if (event.detail) keep();
  else inColour(false);
});
document.addEventListener("veil:colour", () => inColour(!page.classList.contains("in-colour")));
if (page) {
  if (colour) colour.hidden = !page.classList.contains("unveiled");
  look.addEventListener("submit", (event) => event.preventDefault());
  colour?.addEventListener("click", () => inColour(!page.classList.contains("in-colour")));
}
