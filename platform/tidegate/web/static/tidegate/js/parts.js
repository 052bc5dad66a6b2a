// Small parts that several pages share.
const TOAST_MS = 4500;

export function toast(text) {
  const note = document.createElement("p");
  note.className = "toast";
  note.textContent = text;
  document.querySelector("[data-toasts]").append(note);
  setTimeout(() => note.remove(), TOAST_MS);
}

export function toasts() {
  const words = document.querySelector("[data-toasts]").dataset;
  document.addEventListener("tidegate:toast", (event) => toast(event.detail.value ?? event.detail));
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, elt } = event.detail;
    if (xhr.status === 422 || elt.matches("[hx-trigger^='every']")) return;
    toast(words.broken);
  });
  document.addEventListener("htmx:sendError", () => toast(words.offline));
}

export function dialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
    // A click on the backdrop reaches the dialog itself.
    if (event.target.matches("dialog[open]")) event.target.close();
    document.querySelectorAll("[data-menu][open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("[data-menu][open]").forEach((menu) => {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    });
  });
}

export function reports() {
  const form = document.querySelector("[data-report-form]");
  if (!form) return;
  let asset = "";
  document.addEventListener("click", (event) => {
    asset = event.target.closest("[data-report]")?.dataset.report ?? asset;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    window.htmx.ajax("POST", `/assets/${asset}/interactions`, {
      target: `#tile-${asset}`,
      swap: "delete",
      values: {
        kind: "report",
        note: form.elements.note.value,
        reason: form.elements.reason.value,
      },
    });
    form.closest("dialog").close();
    form.reset();
  });
}

export function copies() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    toast(button.dataset.copied);
  });
}

export function demoPeople() {
  document.addEventListener("click", (event) => {
    const person = event.target.closest("[data-demo-email]");
    if (!person) return;
    document.querySelector("[name=login]").value = person.dataset.demoEmail;
    const password = document.querySelector("[name=password]");
    password.value = person.dataset.demoPassword;
    password.focus();
  });
}
