// What a panel holds: what `deploymatrix explain` tells, the line that reproduces the cell, and how it compares.

const MOST_SIMILAR = 12;

function sections(cell, more, all) {
  return [
    verdictSection(cell, more),
    detailSection(more),
    reproSection(cell),
    routeSection(cell, more),
    warningsSection(more),
    variantsSection(cell, more, all),
    ...more.outputs.map((output) => outputSection(output, more)),
    bars("Artifact size on each target", cell, all, (other) => other.size, bytes),
    bars("Latency on each target", cell, all, (other) => other.runTime, seconds),
    agreementSection(cell),
    historySection(cell, more),
    similarSection(cell),
    factsSection(cell, more),
  ];
}

function verdictSection(cell, { expectation, blame, overBudget, reasons, repairs, note }) {
  const lines = [];
  if (cell.change)
    lines.push([
      "Change",
      [`${cell.change} since ${data.history.at(-1)}`, reasons.map((reason) => h("div", { class: "muted" }, reason))],
    ]);
  if (cell.cause) lines.push(["Cause", causeButton(cell)]);
  if (blame) lines.push(["Blamed on", blame]);
  if (!["ok", "failed"].includes(cell.verdict)) lines.push(["Verdict", data.verdicts[cell.verdict] ?? cell.verdict]);
  if (overBudget.length) lines.push(["Budget", overBudget.map((line) => h("div", {}, line))]);
  for (const [name, title, address] of repairs)
    lines.push([
      "† Repaired",
      [h("div", {}, title ? `${name}: ${title}` : name), address ? h("div", { class: "muted" }, link(address)) : null],
    ]);
  if (note) lines.push(["Note", note]);
  if (cell.fixed) lines.push(["§ Static", `${cell.fixed}: judged on samples of these sizes only`]);
  if (expectation) {
    lines.push(
      ["Expected", `${expectation.outcome}${expectation.stage ? ` in stage ${expectation.stage}` : ""}`],
      ["Reason", expectation.reason],
    );
    if (expectation.expires) lines.push(["Expires", expectation.expires]);
    if (expectation.link) lines.push(["Link", link(expectation.link)]);
    lines.push(["Entry", `${expectation.cell} in ${expectation.file}`]);
  }
  return lines.length ? h("section", {}, facts(lines)) : null;
}

function causeButton({ cause }) {
  const show = () => set({ cause: new Set([cause]), cell: "" });
  return h("button", { type: "button", class: "as-link", title: "Show only these cells", click: show }, cause);
}

/** Only web addresses become links; anything else stays text. */
function link(address) {
  return /^https?:\/\//i.test(address)
    ? h("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, address)
    : address;
}

const facts = (lines) =>
  h(
    "dl",
    {},
    lines.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

function detailSection({ detail, log }) {
  if (!detail && !log) return null;
  return h(
    "section",
    {},
    h("h3", {}, "What happened"),
    detail ? h("pre", { tabindex: "0" }, detail) : null,
    log ? h("p", { class: "muted" }, "Log: ", logLink(log)) : null,
  );
}

/** The log lies in the build folder, which the report knows by a way from its own; the way never leads to the web. */
const logLink = (log) =>
  h("a", { class: "log", href: encodeURI(`${data.logs}/${log}`), target: "_blank", rel: "noopener" }, h("code", {}, log));

function reproSection(cell) {
  const impossible = data.irreproducible[cell.outcome];
  if (impossible)
    return h(
      "section",
      {},
      h("h3", {}, "Reproduce"),
      h("p", { class: "muted" }, `Nothing to reproduce: ${impossible}.`),
    );
  const line = `python -m deploymatrix repro ${shellQuoted(cell.name)} --run`;
  const button = h("button", { type: "button", class: "copy", click: () => copy(line, button) }, "Copy");
  return h(
    "section",
    {},
    h("h3", {}, "Reproduce"),
    h("div", { class: "repro" }, h("code", { id: "repro" }, line), button),
  );
}

const shellQuoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

async function copy(line, button) {
  await navigator.clipboard
    .writeText(line)
    .then(
      () => "Copied",
      () => selectRepro(),
    )
    .then((done) => (button.textContent = done));
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

/** Where the browser refuses the clipboard, the line is selected for the user to copy. */
function selectRepro() {
  getSelection().selectAllChildren(byId("repro"));
  return "Selected";
}

function routeSection(cell, { route, steps, blame, changes }) {
  if (!route.length) return null;
  const stops = route.map((stop, i) => [
    i ? h("span", { class: "arrow", "aria-hidden": "true" }, "→") : null,
    h("span", { class: "stop" }, stop),
  ]);
  return h(
    "section",
    {},
    h("h3", {}, "Route"),
    h("p", { class: "route" }, stops),
    h(
      "ol",
      { class: "steps" },
      steps.map((step) =>
        h("li", { class: step === blame ? "blamed" : "" }, h("code", {}, step), step === blame ? " ← blamed" : ""),
      ),
    ),
    changes.length ? h("p", { class: "muted" }, `Changed on the way: ${changes.join("; ")}`) : null,
  );
}

/** What exporters said about the truth of their artifacts, also where the cell passed. */
function warningsSection({ warnings }) {
  if (!warnings.length) return null;
  return h(
    "section",
    {},
    h("h3", {}, "Warnings of exporters"),
    facts(
      warnings.map(({ step, rule, text, means }) => [
        rule,
        [h("div", {}, `${means} (`, h("code", {}, step), ")"), h("div", { class: "muted" }, text)],
      ]),
    ),
  );
}

function outputSection(output, { sizes }) {
  const { name, dtype, shape, problem, error, limit, maxAbs, cosine, snr, eager, errors, worst } = output;
  const used = worst ? share(worst.share) : error !== null && limit ? share(error / limit) : "–";
  const metrics = [
    ["worst / limit", used],
    ["max error", figure(error)],
    ["limit", figure(limit)],
    ["eager float32", figure(eager)],
    ["max |Δ|", figure(maxAbs)],
    ["cosine", cosine === null ? "–" : String(Number(cosine.toFixed(7)))],
    ["SNR", snr === null ? "–" : `${Number(snr.toPrecision(3))} dB`],
  ];
  const isPlotted = errors.some((value) => value !== null) && [...errors, limit, eager].some((value) => value > 0);
  return h(
    "section",
    {},
    h("h3", {}, "Output ", h("code", {}, name), h("span", { class: "muted" }, ` ${dtype} [${shape.map((size) => size ?? "?").join(", ")}]`)),
    problem ? h("p", { class: "problem" }, problem) : null,
    h(
      "div",
      { class: "metrics" },
      metrics.map(([label, value]) =>
        h("div", {}, h("span", { class: "metric-name" }, label), h("span", { class: "metric-value" }, value)),
      ),
    ),
    heatSection(output),
    isPlotted ? errorPlot(output) : null,
    output.steps && output.steps.errors.some((value) => value > 0) ? stepPlot(output) : null,
    errors.length
      ? h(
          "details",
          { class: "more" },
          h("summary", {}, "Error of each sample"),
          h(
            "ol",
            { class: "errors" },
            errors.map((value, i) =>
              h("li", {}, `${value === null ? "not finite" : figure(value)}${sizes[i] ? ` (${sizes[i]})` : ""}`),
            ),
          ),
        )
      : null,
  );
}

function historySection(cell, { history, size }) {
  if (!data.history.length) return null;
  const entries = data.history.map((label, i) => [label, history[i]]);
  const row = ([label, past]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, label),
      past ? pastCells(...past) : h("td", { colspan: "3", class: "muted" }, "not there"),
    );
  return h(
    "section",
    {},
    h("h3", {}, "History"),
    h(
      "table",
      { class: "history" },
      h("tbody", {}, entries.map(row), row(["this one", [cell.outcome, cell.headroom, size]])),
    ),
  );
}

function pastCells(outcome, headroom, size) {
  const past = { outcome, kind: outcome, verdict: "ok", headroom: null, change: "", isRed: false };
  return [
    h("td", {}, tile(past), ` ${data.symbols[outcome].words}`),
    h("td", {}, share(headroom)),
    h("td", {}, size === null ? "" : bytes(size)),
  ];
}

/** Other cells that are red, or failed as expected, by the same cause. */
function similarSection(cell) {
  if (!cell.cause) return null;
  const similar = data.cells.filter((other) => other !== cell && other.cause === cell.cause);
  if (!similar.length) return null;
  const rest = similar.length - MOST_SIMILAR;
  return h(
    "section",
    {},
    h("h3", {}, `Same cause (${similar.length})`),
    h(
      "ul",
      { class: "similar" },
      similar
        .slice(0, MOST_SIMILAR)
        .map((other) =>
          h("li", {}, h("button", { type: "button", class: "as-link", click: () => openSimilar(other) }, other.name)),
        ),
    ),
    rest > 0 ? h("p", { class: "muted" }, `and ${rest} more`) : null,
  );
}

function openSimilar(cell) {
  set({ cell: cell.name });
  activateOpenCell();
  byId("panel-title").focus();
}

function eagerTime({ eagerTime: eager, runTime: run }) {
  return `${seconds(eager)}${run === null || !eager ? "" : `, so the run takes ${figure(run / eager)} times as long`}`;
}

function factsSection(cell, more) {
  const lines = [
    ["Framework", cell.framework],
    ["Family", cell.family],
    ["Isolation", more.isolation],
    ["Platform", more.platform],
    ["Device", more.device],
    ["Yardstick", more.yardstick === "float32" ? "float32: the model's code rounds to it" : null],
    ["Samples", more.samples],
    ["Accuracy", more.accuracy],
    ["Checks", more.checks],
    ["Artifact", more.size === null ? null : bytes(more.size)],
    ["SHA-256", more.sha256 && h("code", {}, more.sha256)],
    ["Image", more.image && h("code", {}, more.image)],
    ["Export", more.exportTime === null ? null : seconds(more.exportTime)],
    ["Load", more.loadTime === null ? null : seconds(more.loadTime)],
    ["Run", more.runTime === null ? null : seconds(more.runTime)],
    ["Eager float32", more.eagerTime === null ? null : eagerTime(more)],
    ["Peak memory", more.peak === null ? null : `${Math.round(more.peak)} MiB`],
    ...Object.entries(more.versions),
  ];
  return h("section", {}, h("h3", {}, "Versions, digests and times"), facts(lines.filter(([, value]) => value)));
}
