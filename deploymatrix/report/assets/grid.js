// The matrix. Rows are as high as --row, so only those in sight are made: a thousand models cost as much as forty.

const REPAIRED = "made with a repair that the plain converter lacks";
const FIXED = "static: at fixed sizes only, where the model has free ones";
const WARNED = "an exporter warned that its artifact may be wrong";
const OVERSCAN = 10; // rows made above and below those in sight
const CHANGE_MARKS = { regressed: "▼", fixed: "▲", changed: "~", added: "+" };

const view = {
  rows: [],
  columns: [],
  cells: new Set(),
  made: new Map(),
  body: null,
  rowHeight: 0,
  active: { row: 0, column: 0 },
};

/** Build the grid for what the filters leave. */
function showGrid({ rows, columns, cells }) {
  Object.assign(view, { rows, columns, cells, made: new Map(), active: keptActive(rows, columns) });
  view.body = h("div", { class: "body", role: "rowgroup", vars: { "--rows": String(rows.length) } });
  const head = headRows();
  const grid = h(
    "div",
    {
      class: `grid ${data.hasVariants ? "with-variants" : ""}`,
      role: "grid",
      id: "grid",
      "aria-label": "Models by targets; Enter opens a cell",
      "aria-rowcount": String(rows.length + head.length),
      "aria-colcount": String(columns.length + 2),
      vars: { "--columns": String(columns.length), ...widths(columns) },
    },
    h("div", { class: "head", role: "rowgroup" }, head),
    view.body,
  );
  byId("scroller").replaceChildren(rows.length ? grid : h("p", { class: "empty" }, "No cell matches these filters."));
  view.headRows = head.length;
  if (!rows.length) return;
  view.rowHeight = parseFloat(getComputedStyle(view.body).height) / rows.length;
  makeRowsInSight();
}

/** What the longest names need, by a letter's usual width; the stylesheet keeps them within bounds. */
function widths(columns) {
  const longest = (names) => Math.max(0, ...names.map((name) => name.length));
  const model = longest(data.rows.map((row) => row.model));
  const variant = data.hasVariants ? longest(data.rows.map((row) => row.variant)) : 0;
  return {
    "--label": `${Math.max(Math.round(8.4 * longest(columns)) + 10, data.hasVariants ? 116 : 0)}px`,
    "--name": `${Math.round(8.4 * model + 6.6 * variant) + (variant ? 46 : 36)}px`,
  };
}

/** The cell that the keyboard is at stays the same while it is there. */
function keptActive(rows, columns) {
  const key = view.rows[view.active.row]?.key;
  const target = view.columns[view.active.column];
  return {
    row: Math.max(
      0,
      rows.findIndex((row) => row.key === key),
    ),
    column: Math.max(0, columns.indexOf(target)),
  };
}

function makeRowsInSight() {
  if (!view.rows.length) return;
  const { scrollTop, clientHeight } = byId("scroller");
  const first = Math.max(0, Math.floor(scrollTop / view.rowHeight) - OVERSCAN);
  const last = Math.min(view.rows.length - 1, Math.ceil((scrollTop + clientHeight) / view.rowHeight) + OVERSCAN);
  for (const [index, element] of view.made) {
    if ((index < first || index > last) && index !== view.active.row) {
      element.remove();
      view.made.delete(index);
    }
  }
  for (let index = first; index <= last; index += 1) makeRow(index);
  makeRow(view.active.row);
}

/** For paper, which does not scroll. */
function makeAllRows() {
  for (let index = view.rows.length - 1; index >= 0; index -= 1) makeRow(index);
}

function makeRow(index) {
  if (view.made.has(index)) return;
  const row = view.rows[index];
  const isFirst = view.rows[index - 1]?.model !== row.model;
  const element = h(
    "div",
    {
      class: `row ${isFirst ? "first" : ""}`,
      role: "row",
      "aria-rowindex": String(index + view.headRows + 1),
      "data-row": String(index),
      vars: { "--index": String(index) },
    },
    h(
      "div",
      {
        class: `model ${data.hasVariants ? "of-variants" : ""}`,
        role: "rowheader",
        title: `${row.model} · ${row.framework} · ${row.family} · ${row.variant}`,
      },
      h("span", { class: "model-name" }, row.model),
      data.hasVariants ? h("span", { class: "variant" }, row.variant) : null,
    ),
    view.columns.map((target, i) => gridCell(row, target, index, i)),
    total(
      [...row.cells.values()].filter((cell) => view.cells.has(cell)),
      "row-total",
    ),
  );
  view.made.set(index, element);
  const after = [...view.made.keys()].filter((other) => other > index).sort((a, b) => a - b)[0];
  view.body.insertBefore(element, after === undefined ? null : view.made.get(after));
}

function gridCell(row, target, rowIndex, columnIndex) {
  const cell = row.cells.get(target);
  const isActive = view.active.row === rowIndex && view.active.column === columnIndex;
  const attributes = {
    role: "gridcell",
    tabindex: isActive ? "0" : "-1",
    "data-column": String(columnIndex),
    "aria-colindex": String(columnIndex + 2),
  };
  if (!cell)
    return h("div", {
      ...attributes,
      class: "cell",
      "aria-label": `${row.model} on ${target} ${row.variant}: not planned`,
    });
  const classes = ["cell", view.cells.has(cell) ? "" : "dim", state.cell === cell.name ? "open" : ""];
  return h(
    "div",
    { ...attributes, class: classes.join(" "), "data-cell": cell.name, "aria-label": spoken(cell), title: tip(cell) },
    tile(cell),
  );
}

/** Symbol and figure; the symbol in brackets where the failure was expected. */
function tile(cell) {
  const { character, style } = data.kinds[cell.kind];
  const mark =
    cell.verdict === "expected"
      ? `(${character})`
      : cell.isRed && cell.verdict !== "failed"
        ? `${character}↯`
        : character;
  const tone = cell.verdict === "expected" ? "expected" : style;
  return h(
    "span",
    { class: `tile c-${tone} ${cell.isRed ? "is-red" : ""}`, "aria-hidden": "true" },
    h("b", {}, mark + notices(cell).map(([sign]) => sign).join("")),
    h("small", {}, share(cell.headroom)),
    cell.sizeRatio ? h("small", { class: "ratio" }, `×${figure(cell.sizeRatio, 2)}`) : null,
    cell.change ? h("i", { class: `change ${cell.change}` }, CHANGE_MARKS[cell.change]) : null,
  );
}

/** What a reader must know of a cell whatever became of it: a sign for the tile, and words. */
function notices(cell) {
  return [
    ...(cell.repaired ? [["†", REPAIRED]] : []),
    ...(cell.warned ? [["‡", WARNED]] : []),
    ...(cell.fixed ? [["§", `static: ${cell.fixed}`]] : []),
  ];
}

function spoken(cell) {
  const used = cell.headroom === null ? "" : `, ${share(cell.headroom)} of its error limit`;
  const size = cell.sizeRatio ? `, ${figure(cell.sizeRatio, 2)} of the size in full precision` : "";
  return `${cell.model} on ${cell.target} ${cell.variant}: ${said(cell)}${notices(cell).map(([, words]) => `, ${words}`).join("")}${used}${size}${cell.change ? `, ${cell.change}` : ""}`;
}

/** What a cell did, and what the gate makes of it where that is not the same. */
function said(cell) {
  const words = data.kinds[cell.kind].words + cell.said.replace(cell.outcome, ""); // and what it fails, in brackets
  const isSaid = ["ok", "failed"].includes(cell.verdict) || cell.kind === cell.verdict;
  const verdict = isSaid ? "" : (data.verdicts[cell.verdict] ?? cell.verdict);
  return verdict ? `${words}; ${verdict}` : words;
}

function tip(cell) {
  return `${cell.name}\n${said(cell)}${notices(cell).map(([sign, words]) => `\n${sign} ${words}`).join("")}${cell.note ? `\n${cell.note}` : ""}`;
}

function headRows() {
  const corner = (text) => h("div", { class: "model corner", role: "columnheader" }, text);
  const totals = view.columns.map((target) =>
    total(
      [...view.cells].filter((cell) => cell.target === target),
      "column-total",
    ),
  );
  return [
    h(
      "div",
      { class: "row names", role: "row" },
      corner(data.hasVariants ? "model, variant" : "model"),
      view.columns.map((target) => h("div", { class: "target", role: "columnheader", title: target }, target)),
      h("div", { class: "total", role: "columnheader" }, "passed"),
    ),
    h(
      "div",
      { class: "row totals", role: "row" },
      h("div", { class: "model corner", role: "rowheader" }, "passed"),
      totals,
      total([...view.cells], "row-total"),
    ),
  ];
}

/** "6/8" over a bar of what passed, what was expected to fail, and what is red. */
function total(cells, kind) {
  const passed = cells.filter((cell) => cell.verdict === "ok").length;
  const expected = cells.filter((cell) => cell.verdict === "expected").length;
  const parts = {
    "--passed": String(passed),
    "--expected": String(expected),
    "--red": String(cells.length - passed - expected),
  };
  const words = `${passed} of ${cells.length} passed, ${expected} failed as expected, ${cells.length - passed - expected} red`;
  return h(
    "div",
    {
      class: `total ${kind}`,
      role: kind === "row-total" ? "gridcell" : "columnheader",
      title: words,
      "aria-label": words,
    },
    h("span", {}, cells.length < 10_000 ? `${passed}/${cells.length}` : share(passed / cells.length)),
    h("span", { class: "stack", vars: parts, "aria-hidden": "true" }, h("i"), h("i"), h("i")),
  );
}
