// The studio's form: which model's settings are shown, and mirrored sliders.
const LARGEST_SEED = 2 ** 31;

export function studioForm() {
  const form = document.querySelector("[data-studio]");
  if (!form) return;
  const prompt = form.querySelector("[data-prompt]");
  const counter = form.querySelector("[data-prompt-count]");
  const models = [...form.querySelectorAll("[data-model]")];
  const chosen = () => form.querySelector("[name=model]:checked");

  function choose(modality) {
    models.forEach((model) => {
      model.hidden = model.dataset.model !== modality;
    });
    const first = models.find((model) => !model.hidden)?.querySelector("input");
    if (first && chosen()?.closest("[data-model]").hidden !== false) first.checked = true;
    show();
  }
  function show() {
    const model = chosen();
    form.querySelectorAll("[data-parameters]").forEach((block) => {
      block.hidden = block.dataset.parameters !== model?.value;
    });
    prompt.required = model?.dataset.promptOptional === undefined;
    form.querySelector("[data-prompt-optional-note]").hidden = prompt.required;
    limitOutputs(Number(model?.dataset.outputs ?? 1));
    const modality = form.elements.modality.value;
    form.querySelectorAll("[data-idea]").forEach((idea) => {
      idea.hidden = idea.dataset.idea !== modality || prompt.value !== "";
    });
    count();
  }
  // How many at once is the model's to say; where it is one, there is nothing to choose.
  function limitOutputs(most) {
    const { outputs } = form.elements;
    [...outputs.options].forEach((option) => {
      option.hidden = option.disabled = Number(option.value) > most;
    });
    if (Number(outputs.value || most + 1) > most) outputs.value = String(Math.min(most, outputs.options.length));
    form.querySelector("[data-outputs-field]").hidden = most < 2;
  }
  function count() {
    const limit = Number(chosen()?.dataset.limit ?? 0);
    counter.textContent = `${prompt.value.length} / ${limit}`;
    counter.classList.toggle("is-over", prompt.value.length > limit);
  }

  form.addEventListener("change", (event) => {
    if (event.target.name === "modality") choose(event.target.value);
    if (event.target.name === "model") show();
  });
  form.addEventListener("input", (event) => {
    const { mirrors } = event.target.dataset;
    if (mirrors) form.elements[mirrors].value = event.target.value;
    const slider = form.querySelector(`[data-mirrors="${CSS.escape(event.target.name)}"]`);
    if (slider) slider.value = event.target.value;
    if (event.target === prompt) show();
  });
  form.addEventListener("click", (event) => {
    const idea = event.target.closest("[data-idea]");
    if (idea) {
      prompt.value = idea.textContent;
      prompt.focus();
      show();
    }
    if (event.target.closest("[data-drops-parent]")) {
      form.querySelector("[data-parent]").remove();
      prompt.focus();
    }
    if (event.target.closest("[data-dice]")) {
      form.elements.seed.value = Math.floor(Math.random() * LARGEST_SEED);
    }
  });
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit();
  });

  choose(form.elements.modality.value);
}
