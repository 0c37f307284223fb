// The panel of one cell: what `deploymatrix explain` tells, the line that reproduces it, and how it compares.

const NARROW = matchMedia("(max-width: 900px)");
const MOST_SIMILAR = 12;

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
  const { words } = data.symbols[cell.outcome];
  return h("header", { class: "panel-head" },
    h("div", {},
      h("h2", { id: "panel-title", tabindex: "-1" }, cell.model, h("span", { class: "on" }, " on "), cell.target, h("span", { class: "variant-tag" }, cell.variant)),
      h("p", { class: "panel-outcome" }, tile(cell), h("span", {}, words, cell.stage ? h("span", { class: "muted" }, ` · in stage ${cell.stage}`) : null))),
    h("button", { type: "button", class: "quiet close", "aria-label": "Close (Escape)", title: "Close (Escape)", click: closePanel }, "✕"));
}

function sections(cell, more, all) {
  return [
    verdictSection(cell, more),
    detailSection(more),
    reproSection(cell),
    routeSection(cell, more),
    ...more.outputs.map(outputSection),
    bars("Artifact size on each target", cell, all, (other) => other.size, bytes),
    bars("Latency on each target", cell, all, (other) => other.runTime, seconds),
    historySection(cell, more),
    similarSection(cell, all),
    factsSection(cell, more),
  ];
}

function verdictSection(cell, { expectation, blame }) {
  const lines = [];
  if (cell.change) lines.push(["Change", `${cell.change} since ${data.history.at(-1)}`]);
  if (blame) lines.push(["Blamed on", blame]);
  if (!["ok", "failed"].includes(cell.verdict)) lines.push(["Verdict", data.verdicts[cell.verdict] ?? cell.verdict]);
  if (expectation) {
    lines.push(["Expected", `${expectation.outcome}${expectation.stage ? ` in stage ${expectation.stage}` : ""}`], ["Reason", expectation.reason]);
    if (expectation.link) lines.push(["Link", link(expectation.link)]);
    lines.push(["Entry", `${expectation.cell} in ${expectation.file}`]);
  }
  return lines.length ? h("section", {}, facts(lines)) : null;
}

/** Only web addresses become links; anything else stays text. */
function link(address) {
  return /^https?:\/\//i.test(address) ? h("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, address) : address;
}

const facts = (lines) => h("dl", {}, lines.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

function detailSection({ detail, log }) {
  if (!detail && !log) return null;
  return h("section", {}, h("h3", {}, "What happened"), detail ? h("pre", { tabindex: "0" }, detail) : null,
    log ? h("p", { class: "muted" }, "Log: ", h("code", {}, log)) : null);
}

function reproSection(cell) {
  const line = `python -m deploymatrix repro ${shellQuoted(cell.name)} --run`;
  const button = h("button", { type: "button", class: "copy", click: () => copy(line, button) }, "Copy");
  return h("section", {}, h("h3", {}, "Reproduce"), h("div", { class: "repro" }, h("code", { id: "repro" }, line), button));
}

const shellQuoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replaceAll("'", "'\\''")}'`);

async function copy(line, button) {
  await navigator.clipboard.writeText(line).then(() => "Copied", () => selectRepro()).then((done) => (button.textContent = done));
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

/** Where the browser refuses the clipboard, the line is selected for the user to copy. */
function selectRepro() {
  getSelection().selectAllChildren(byId("repro"));
  return "Selected";
}

function routeSection(cell, { route, steps, blame, changes }) {
  if (!route.length) return null;
  const stops = route.map((stop, i) => [i ? h("span", { class: "arrow", "aria-hidden": "true" }, "→") : null, h("span", { class: "stop" }, stop)]);
  return h("section", {}, h("h3", {}, "Route"), h("p", { class: "route" }, stops),
    h("ol", { class: "steps" }, steps.map((step) => h("li", { class: step === blame ? "blamed" : "" }, h("code", {}, step), step === blame ? " ← blamed" : ""))),
    changes.length ? h("p", { class: "muted" }, `Changed on the way: ${changes.join("; ")}`) : null);
}

function outputSection(output) {
  const { name, dtype, shape, problem, error, limit, maxAbs, cosine, snr, eager, errors } = output;
  const used = error !== null && limit ? share(error / limit) : "–";
  const metrics = [
    ["error / limit", used], ["max error", figure(error)], ["limit", figure(limit)], ["eager float32", figure(eager)],
    ["max |Δ|", figure(maxAbs)], ["cosine", cosine === null ? "–" : String(Number(cosine.toFixed(7)))], ["SNR", snr === null ? "–" : `${Number(snr.toPrecision(3))} dB`],
  ];
  const isPlotted = errors.some((value) => value !== null) && [...errors, limit, eager].some((value) => value > 0);
  return h("section", {}, h("h3", {}, "Output ", h("code", {}, name), h("span", { class: "muted" }, ` ${dtype} [${shape.join(", ")}]`)),
    problem ? h("p", { class: "problem" }, problem) : null,
    h("div", { class: "metrics" }, metrics.map(([label, value]) => h("div", {}, h("span", { class: "metric-name" }, label), h("span", { class: "metric-value" }, value)))),
    isPlotted ? errorPlot(output) : null,
    errors.length ? h("details", { class: "more" }, h("summary", {}, "Error of each sample"), h("ol", { class: "errors" }, errors.map((value) => h("li", {}, value === null ? "not finite" : figure(value))))) : null);
}

function historySection(cell, { history, size }) {
  if (!data.history.length) return null;
  const entries = data.history.map((label, i) => [label, history[i]]);
  const row = ([label, past]) => h("tr", {}, h("th", { scope: "row" }, label), past ? pastCells(...past) : h("td", { colspan: "3", class: "muted" }, "not there"));
  return h("section", {}, h("h3", {}, "History"), h("table", { class: "history" }, h("tbody", {}, entries.map(row), row(["this one", [cell.outcome, cell.verdict, cell.headroom, size]]))));
}

function pastCells(outcome, verdict, headroom, size) {
  const past = { outcome, verdict, headroom: null, change: "", isRed: !GOOD.has(verdict) };
  return [h("td", {}, tile(past), ` ${data.symbols[outcome].words}`), h("td", {}, share(headroom)), h("td", {}, size === null ? "" : bytes(size))];
}

/** Other cells that failed the same way: by the same step, or with the same words. */
function similarSection(cell, all) {
  if (cell.outcome === "passed") return null;
  const own = all[cell.index];
  const words = wordsOf(cell.note);
  const isSimilar = (other) => other !== cell && other.outcome === cell.outcome && (own.blame ? all[other.index].blame === own.blame : words && wordsOf(other.note) === words);
  const similar = data.cells.filter(isSimilar);
  if (!similar.length) return null;
  const rest = similar.length - MOST_SIMILAR;
  return h("section", {}, h("h3", {}, `Failed alike (${similar.length})`), h("ul", { class: "similar" }, similar.slice(0, MOST_SIMILAR).map((other) =>
    h("li", {}, h("button", { type: "button", class: "as-link", click: () => openSimilar(other) }, other.name)))), rest > 0 ? h("p", { class: "muted" }, `and ${rest} more`) : null);
}

/** A message without its numbers, so that addresses and sizes do not tell two failures apart. */
const wordsOf = (note) => note.replace(/0x[0-9a-f]+|\d+/gi, "#");

function openSimilar(cell) {
  set({ cell: cell.name });
  activateOpenCell();
  byId("panel-title").focus();
}

function factsSection(cell, more) {
  const lines = [
    ["Framework", cell.framework], ["Family", cell.family], ["Isolation", more.isolation], ["Samples", more.samples ? String(more.samples) : null],
    ["Artifact", more.size === null ? null : bytes(more.size)], ["SHA-256", more.sha256 && h("code", {}, more.sha256)], ["Image", more.image && h("code", {}, more.image)],
    ["Export", more.exportTime === null ? null : seconds(more.exportTime)], ["Load", more.loadTime === null ? null : seconds(more.loadTime)],
    ["Run", more.runTime === null ? null : seconds(more.runTime)], ["Peak memory", more.peak === null ? null : `${Math.round(more.peak)} MiB`],
    ...Object.entries(more.versions),
  ];
  return h("section", {}, h("h3", {}, "Versions, digests and times"), facts(lines.filter(([, value]) => value)));
}
