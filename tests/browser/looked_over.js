() => {
  // What is wrong with a page for people who see little, hear it read, or use the keyboard alone.
  const wrong = new Set();
  const shown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const said = (node) =>
    `<${node.tagName.toLowerCase()}${node.id ? `#${node.id}` : ""}> ${(node.textContent || "").trim().slice(0, 30)}`;

  // One heading for the page, and none that skips a level.
  const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown);
  if (headings.filter((one) => one.tagName === "H1").length !== 1)
    wrong.add(`${headings.filter((one) => one.tagName === "H1").length} h1`);
  headings.reduce((before, one) => {
    const level = Number(one.tagName[1]);
    if (level > before + 1) wrong.add(`h${before} is followed by ${said(one)}`);
    return level;
  }, 1);
  if (!document.querySelector("main")) wrong.add("no main");

  // Whatever can be pressed or filled in has a name.
  const named = (node) => {
    const by = (node.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean);
    const labels = [...(node.labels || [])].map((one) => one.textContent);
    const texts = [
      node.getAttribute("aria-label"),
      ...by.map((id) => document.getElementById(id)?.textContent),
      ...labels,
      ["INPUT", "SELECT", "TEXTAREA"].includes(node.tagName) ? "" : node.textContent,
      node.getAttribute("title"),
      ["submit", "button"].includes(node.type) ? node.value : "",
      ...[...node.querySelectorAll("img[alt], svg[aria-label]")].map(
        (one) => one.getAttribute("alt") || one.getAttribute("aria-label"),
      ),
    ];
    return texts.some((one) => (one || "").trim());
  };
  document
    .querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]")
    .forEach((node) => shown(node) && !named(node) && wrong.add(`no name: ${node.outerHTML.slice(0, 90)}`));
  document.querySelectorAll("img").forEach((node) => !node.hasAttribute("alt") && wrong.add("an img without alt"));
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => wrong.add(`twice the id ${id}`));

  // Text stands out from what is behind it: WCAG 2.2, 1.4.3.
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const seen = new Map();
  const colour = (text) => {
    if (!seen.has(text)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = text;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      seen.set(text, [r, g, b, a / 255]);
    }
    return seen.get(text);
  };
  const over = (front, back) => [0, 1, 2].map((at) => front[at] * front[3] + back[at] * (1 - front[3])).concat(1);
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const one = colour(style.backgroundColor);
      if (one[3] > 0) layers.unshift(one);
      if (one[3] === 1) break;
    }
    return layers.reduce((below, one) => over(one, below), colour(getComputedStyle(document.documentElement).backgroundColor));
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(node)) continue;
    if (node.closest("[disabled], .veiled, .visually-hidden, svg, option")) continue;
    const style = getComputedStyle(node);
    const back = behind(node);
    if (!back) continue;
    const front = over(colour(style.color), back);
    const [high, low] = [light(front), light(back)].sort((one, other) => other - one);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5) - 0.01) wrong.add(`contrast ${ratio.toFixed(2)}: ${said(node)} .${node.className}`);
  }
  return [...wrong];
}
