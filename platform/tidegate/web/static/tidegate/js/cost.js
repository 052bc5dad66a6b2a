// What the request will cost, beside the button that asks for it. The price is data of the model.
function units(form, model, factor) {
  if (factor.of === "prompt_characters") return form.elements.prompt.value.trim().length / factor.unit;
  const written = form.elements[`${model}.${factor.of}`]?.value;
  // Left to the model, or no field of its own: its ordinary measure.
  return written === undefined || written === "" || Number.isNaN(Number(written))
    ? 1
    : Number(written) / factor.unit;
}

export function priceOf(form, input) {
  const price = JSON.parse(input.dataset.price);
  const total = price.terms.reduce(
    (sum, term) =>
      sum + term.per.reduce((part, one) => part * units(form, input.value, one) ** one.power, term.credits),
    price.base,
  );
  // Halves and tenths are not exact in binary: what lies a hair above a whole is that whole.
  return Math.max(1, Math.ceil(total - 1e-9));
}

export function costLine() {
  const form = document.querySelector("[data-studio]");
  const line = form?.querySelector("[data-cost]");
  if (!line) return;
  function show() {
    const input = form.querySelector("[name=model]:checked");
    const project = form.elements.project.selectedOptions[0];
    if (!input?.dataset.price || !project) return;
    const outputs = Math.max(1, Number(form.elements.outputs?.value ?? 1) || 1);
    const cost = priceOf(form, input) * outputs;
    const available = Number(project.dataset.available);
    const words = cost > available ? line.dataset.short : line.dataset.words;
    line.dataset.cost = cost;
    line.textContent = words
      .replace("{cost}", cost.toLocaleString())
      .replace("{available}", available.toLocaleString());
    line.classList.toggle("error", cost > available);
    line.hidden = false;
  }
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  // After the form's own listeners: choosing a kind of thing chooses a model.
  form.addEventListener("click", () => setTimeout(show));
  show();
}
