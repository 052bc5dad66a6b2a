// Keeping the form as a preset: Enter keeps instead of making, and what was wrong is said here.
const block = document.querySelector("[data-keeps-preset]");
const keep = block?.querySelector("[hx-post]");

block?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  keep.click();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.requestConfig.elt !== keep || event.detail.xhr.status !== 422) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});
