// The two blocks of data: the grid's columns, read at once, and the panels', unpacked when the first panel opens.

const GOOD = new Set(["ok", "expected"]);
const rawGrid = JSON.parse(byId("grid-data").textContent);
const whole = new Set(rawGrid.whole); // the variants in full precision
const data = readGrid(rawGrid);

function readGrid(raw) {
  const { columns, tables } = raw;
  const cells = columns.model.map((number, index) => {
    const [model, framework, family] = raw.models[number];
    const target = tables.target[columns.target[index]];
    const variant = tables.variant[columns.variant[index]];
    const verdict = tables.verdict[columns.verdict[index]];
    return {
      index,
      model,
      framework,
      family,
      target,
      variant,
      verdict,
      name: `${model}/${target}/${variant}`,
      outcome: tables.outcome[columns.outcome[index]],
      said: tables.said[columns.said[index]],
      stage: tables.stage[columns.stage[index]],
      headroom: columns.headroom[index],
      sizeRatio: columns.sizeRatio[index],
      repaired: columns.repaired[index] === 1,
      warned: columns.warned[index] === 1,
      fixed: tables.fixed[columns.fixed[index]],
      exported: columns.exported[index] === 1,
      note: tables.note[columns.note[index]],
      cause: tables.cause[columns.cause[index]],
      standing: raw.standings[verdict] ?? tables.said[columns.said[index]],
      kind: verdict in raw.verdictSymbols ? verdict : tables.outcome[columns.outcome[index]],
      change: columns.change[index] || "",
      isRed: !GOOD.has(verdict),
    };
  });
  return {
    ...raw,
    kinds: { ...raw.symbols, ...raw.verdictSymbols },
    cells,
    rows: rowsOf(cells),
    targets: [...new Set(cells.map((cell) => cell.target))].sort(order),
    hasVariants: tables.variant.length > 1,
    byName: new Map(cells.map((c) => [c.name, c])),
  };
}

/** A row for each model and variant, with its cells by target. */
function rowsOf(cells) {
  const rows = new Map();
  for (const cell of cells) {
    const { model, variant, framework, family } = cell;
    const key = rowKey(cell);
    if (!rows.has(key)) rows.set(key, { key, model, variant, framework, family, cells: new Map() });
    rows.get(key).cells.set(cell.target, cell);
  }
  return [...rows.values()].sort((a, b) => order(a.model, b.model) || byVariant(a.variant, b.variant));
}

function rowKey({ model, variant }) {
  return JSON.stringify([model, variant]);
}

/** Full precision first, which other variants stand beside. */
function byVariant(a, b) {
  return Number(whole.has(b)) - Number(whole.has(a)) || order(a, b);
}

function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

let unpacking = null;

/** What the panels show: a list beside data.cells. Unpacked once. */
function panelData() {
  unpacking ??= unpack(byId("panel-data").textContent);
  return unpacking;
}

async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { values, cells, history, findings, disagreements: found } = await new Response(stream).json();
  disagreements = found;
  return cells.map((cell, index) =>
    readCell(
      cell,
      values,
      history.map((column) => column[index]),
      findings,
    ),
  );
}

/** What page_data.py writes of a cell by its number in the table of values, in that order. */
const SHARED = [
  "route",
  "steps",
  "blame",
  "detail",
  "changes",
  "isolation",
  "image",
  "versions",
  "samples",
  "log",
  "expectation",
  "overBudget",
  "reasons",
  "warnings",
  "repairs",
  "checks",
  "sizes",
  "yardstick",
  "accuracy",
  "device",
  "platform",
  "beside",
  "note",
];

function readCell(packed, values, history, findings) {
  const shared = Object.fromEntries(SHARED.map((name, index) => [name, values[packed[index]]]));
  const [sha256, size, outputs, measured, task] = packed.slice(SHARED.length);
  const [exportTime, loadTime, runTime, peak, eagerTime] = measured ?? [null, null, null, null, null];
  return {
    ...shared,
    repairs: shared.repairs.map((name) => [name, ...(findings[name] ?? ["", ""])]),
    sha256,
    size,
    exportTime,
    loadTime,
    runTime,
    peak,
    eagerTime,
    task,
    outputs: outputs.map((output) => readOutput(output, values)),
    history,
  };
}

function readOutput([described, maxAbs, error, cosine, snr, errors, packed, packedSteps], values) {
  const [name, dtype, shape, limit, eager, problem] = values[described];
  const [worst, steps] = [readWorst(packed), readSteps(packedSteps)];
  return { name, dtype, shape, limit, eager, problem, maxAbs, error, cosine, snr, errors, worst, steps };
}

/** Error, limit and eager float32's noise at each step, of a model with state. */
function readSteps(packed) {
  if (!packed) return null;
  const [errors, limits, noise] = packed;
  return { errors, limits, noise };
}

function readWorst(packed) {
  if (!packed) return null;
  const [axis, index, far, sample, error, limit, share, position, heatAxis, heat] = packed;
  return { axis, index, far, sample, error, limit, share, position, heatAxis, heat };
}
