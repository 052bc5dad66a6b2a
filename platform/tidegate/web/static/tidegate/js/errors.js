// A refused form answers 422 with its errors: each is said at the field that it is about, and only
// what has no field stays in the form's list.
export function errorsAtFields(form) {
  const errors = form.querySelector("[data-form-errors]");

  function clear() {
    errors.replaceChildren();
    form.querySelectorAll("[data-field-error]").forEach((line) => line.remove());
    form.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
  }
  // What is wrong with a part of a field, such as one line of a list, is said at the field.
  function fieldOf(pointer) {
    const fitting = [...form.querySelectorAll("[data-pointer]")].filter(
      (one) => `${pointer}/`.startsWith(`${one.dataset.pointer}/`) && !one.closest("[hidden]"),
    );
    fitting.sort((a, b) => b.dataset.pointer.length - a.dataset.pointer.length);
    return fitting[0];
  }
  function place() {
    let first = null;
    errors.querySelectorAll("[data-error-at]").forEach((line) => {
      const field = fieldOf(line.dataset.errorAt);
      const input = field?.querySelector("textarea, select, input:not([type=range], [type=hidden])");
      if (!input) return;
      field.closest("details")?.setAttribute("open", "");
      input.setAttribute("aria-invalid", "true");
      const said = document.createElement("p");
      said.className = "error";
      said.dataset.fieldError = "";
      said.textContent = line.textContent;
      field.append(said);
      line.remove();
      first ??= input;
    });
    if (!errors.querySelector("[data-error-at]") && first) errors.replaceChildren();
    first?.focus();
  }

  // These events happen at what is swapped, which is not inside the form.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { elt } = detail.requestConfig;
    if (detail.xhr.status === 422 && elt.type === "file") {
      detail.shouldSwap = true;
      detail.isError = false;
    }
    if (elt !== form) return;
    clear();
    if (detail.xhr.status !== 422) return;
    detail.shouldSwap = true;
    detail.isError = false;
    detail.target = errors;
    detail.swapOverride = "innerHTML";
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (errors.querySelector("[data-refused]")) place();
  });
}

export function refusals() {
  document.querySelectorAll("[data-studio], [data-composer]").forEach(errorsAtFields);
}
