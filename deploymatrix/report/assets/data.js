// The two blocks of data: the grid's columns, read at once, and the panels', unpacked when the first panel opens.

const GOOD = new Set(["ok", "expected"]);
const data = readGrid(JSON.parse(byId("grid-data").textContent));

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
    gridColumns: columnsOf(cells),
    byName: new Map(cells.map((c) => [c.name, c])),
  };
}

/** A row a model, with its cells by column key. */
function rowsOf(cells) {
  const rows = new Map();
  for (const cell of cells) {
    if (!rows.has(cell.model)) {
      rows.set(cell.model, { model: cell.model, framework: cell.framework, family: cell.family, cells: new Map() });
    }
    rows.get(cell.model).cells.set(columnKey(cell.target, cell.variant), cell);
  }
  return [...rows.values()].sort((a, b) => order(a.model, b.model));
}

/** A column for each pair of target and variant that a cell has. */
function columnsOf(cells) {
  const columns = new Map();
  for (const { target, variant } of cells) columns.set(columnKey(target, variant), { target, variant });
  return [...columns.entries()]
    .map(([key, column]) => ({ key, ...column }))
    .sort((a, b) => order(a.target, b.target) || order(a.variant, b.variant));
}

function columnKey(target, variant) {
  return JSON.stringify([target, variant]);
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
  const { values, cells, history, findings } = await new Response(stream).json();
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
];

function readCell(packed, values, history, findings) {
  const shared = Object.fromEntries(SHARED.map((name, index) => [name, values[packed[index]]]));
  const [sha256, size, outputs, measured] = packed.slice(SHARED.length);
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
