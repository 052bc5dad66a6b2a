// Lets tiles of different height close ranks, in reading order. Without this the grid is a plain
// grid. Each tile spans as many one-pixel rows as it is high.
const GAP_PX = 16;

function lay(tile) {
  const height = Math.ceil(tile.getBoundingClientRect().height);
  if (height) tile.style.gridRowEnd = `span ${height + GAP_PX}`;
}

export function masonry() {
  const grids = document.querySelectorAll("[data-masonry]");
  if (!grids.length) return;
  const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => lay(target)));
  const added = new MutationObserver((changes) => {
    changes.flatMap((change) => [...change.addedNodes]).forEach((node) => {
      if (node.nodeType === Node.ELEMENT_NODE && node.matches(".tile")) resized.observe(node);
    });
  });
  grids.forEach((grid) => {
    grid.dataset.laid = "";
    grid.querySelectorAll(".tile").forEach((tile) => resized.observe(tile));
    added.observe(grid, { childList: true });
  });
}
