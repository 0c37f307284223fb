// The panel of one cell: opens beside the matrix, or over the page on a narrow screen. What is in it: sections.js.

const NARROW = matchMedia("(max-width: 900px)");

/** Show the open cell's panel, or hide it. */
async function showPanel() {
  const cell = data.byName.get(state.cell);
  const panel = byId("panel");
  forgetPlots();
  panel.hidden = !cell;
  document.body.classList.toggle("has-panel", Boolean(cell));
  coverPage(Boolean(cell) && NARROW.matches);
  if (!cell) return;
  const body = h("div", { class: "panel-body", tabindex: "-1", "aria-busy": "true" });
  panel.replaceChildren(panelHead(cell), body);
  const all = await panelData();
  if (state.cell !== cell.name) return; // another one was opened meanwhile
  forgetPlots();
  body.append(...sections(cell, all[cell.index], all).filter(Boolean));
  body.removeAttribute("aria-busy");
  drawPlots();
}

/** On a narrow screen the panel covers the page: nothing behind it can be reached. */
function coverPage(covered) {
  byId("panel").setAttribute("aria-modal", String(covered));
  for (const part of [...byId("page").children, byId("scroller"), byId("skip")]) {
    if (!part.contains(byId("panel"))) part.inert = covered;
  }
}

function panelHead(cell) {
  return h(
    "header",
    { class: "panel-head" },
    h(
      "div",
      {},
      h(
        "h2",
        { id: "panel-title", tabindex: "-1" },
        cell.model,
        h("span", { class: "on" }, " on "),
        cell.target,
        h("span", { class: "variant-tag" }, cell.variant),
      ),
      h(
        "p",
        { class: "panel-outcome" },
        tile(cell),
        h("span", {}, said(cell), cell.stage ? h("span", { class: "muted" }, ` · in stage ${cell.stage}`) : null),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        class: "quiet close",
        "aria-label": "Close (Escape)",
        title: "Close (Escape)",
        click: closePanel,
      },
      "✕",
    ),
  );
}
