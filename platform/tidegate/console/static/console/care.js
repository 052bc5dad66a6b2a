// A lifted veil is a look: the server keeps it, once. Colour comes only after the veil.
let page, look, colour, isKept;

async function keep() {
  if (isKept) return;
  isKept = true;
  const [asked, form] = [look, new FormData(look)];
  form.set("quiet", "yes");
  try {
    const answer = await fetch(asked.action, { method: "POST", body: form, keepalive: true });
    if (answer.ok) return;
  } catch {
    // Offline: said below, as for any other failure.
  }
  if (asked !== look) return; // the next case stands here already
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

function begin() {
  page = document.querySelector("[data-case-page]");
  look = document.querySelector("[data-look]");
  colour = document.querySelector("[data-colour]");
  isKept = page?.classList.contains("unveiled") ?? true;
  if (colour) colour.hidden = !page.classList.contains("unveiled");
}

document.addEventListener("veil", (event) => {
  if (colour) colour.hidden = !event.detail;
  if (event.detail) keep();
  else inColour(false);
});
document.addEventListener("veil:colour", () => inColour(!page.classList.contains("in-colour")));
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-look]")) event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-colour]")) inColour(!page.classList.contains("in-colour"));
});
document.addEventListener("case:shown", begin);
begin();
