// Which cells, rows and columns the filters leave.

const STAGES = [
  { name: "planned", reached: () => true, lost: "before export" },
  { name: "exported", reached: (cell) => wasExported(cell), lost: "in export" },
  {
    name: "loaded",
    reached: (cell) => ["run", "compare"].includes(cell.stage) || cell.outcome === "passed",
    lost: "in load",
  },
  { name: "ran", reached: (cell) => cell.stage === "compare" || cell.outcome === "passed", lost: "in run" },
  { name: "passed", reached: (cell) => cell.outcome === "passed" && !cell.isRed, lost: "in compare, by an entry or a budget" },
];

function wasExported(cell) {
  return cell.exported || ["load", "run", "compare"].includes(cell.stage) || cell.outcome === "passed";
}

/** The first stage that a cell did not reach; empty when it passed. */
function lostAt(cell) {
  return STAGES.find((stage) => !stage.reached(cell))?.name ?? "";
}

const verdictClass = (cell) => (cell.isRed ? "red" : cell.verdict);

/** The value by which a facet filters a cell. A cell over its budget is not among those that passed. */
const FACET_VALUE = { verdict: verdictClass, lost: lostAt, outcome: (cell) => cell.kind };

function facetValue(facet, cell) {
  return FACET_VALUE[facet] ? FACET_VALUE[facet](cell) : cell[facet];
}

/** Whether a cell passes every filter, but the one that is excepted. */
function matches(cell, except = "") {
  for (const facet of FACETS) {
    if (facet !== except && state[facet].size && !state[facet].has(facetValue(facet, cell))) return false;
  }
  if (state.changed && !cell.change) return false;
  return hasText(cell);
}

function hasText(cell) {
  if (!state.text) return true;
  cell.words ??= [cell.name, cell.framework, cell.family, cell.outcome, cell.verdict, cell.cause, cell.note]
    .join(" ")
    .toLowerCase();
  return state.text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => cell.words.includes(word));
}

/** Rows and targets with a cell that matches, and the cells themselves. */
function selected() {
  const cells = new Set(data.cells.filter((cell) => matches(cell)));
  const keys = new Set([...cells].map(rowKey));
  const targets = new Set([...cells].map((cell) => cell.target));
  return {
    cells,
    rows: data.rows.filter((row) => keys.has(row.key)),
    columns: data.targets.filter((target) => targets.has(target)),
  };
}

/** How many cells each value of a facet has, among those that the other filters leave. */
function facetCounts(facet) {
  const counts = new Map();
  for (const cell of data.cells) {
    const value = facetValue(facet, cell);
    counts.set(value, (counts.get(value) ?? 0) + (matches(cell, facet) ? 1 : 0));
  }
  return counts;
}
