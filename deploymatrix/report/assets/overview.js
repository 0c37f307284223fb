// Above the matrix: what it comes to, how far the cells got, and the legend, which filters by outcome.

function showOverview(cells) {
  showHeadline(cells);
  showFunnel();
  showLegend();
}

function showMeta() {
  const parts = [data.generator, `isolation: ${data.isolation}`, plural(data.rows.length, "model")];
  if (data.selection.length) parts.push(`selected: ${data.selection.join(", ")}`);
  if (data.history.length) parts.push(`compared with ${data.history.at(-1)}`);
  byId("meta").textContent = parts.join(" · ");
}

function showHeadline(cells) {
  const count = { red: 0, ok: 0, expected: 0, surprise: 0 };
  const changes = new Map();
  for (const cell of cells) {
    count[verdictClass(cell)] += 1;
    if (cell.verdict === "unexpected_pass") count.surprise += 1;
    if (cell.change) changes.set(cell.change, (changes.get(cell.change) ?? 0) + 1);
  }
  const main = count.red ? plural(count.red, "red cell") : cells.size ? "Nothing red" : "No cell matches";
  byId("headline").replaceChildren(
    h("p", { class: `verdict ${count.red ? "is-red" : cells.size ? "is-good" : ""}` }, main),
    h(
      "p",
      { class: "counts" },
      `${plural(cells.size, "cell")}${isFiltered() ? ` of ${data.cells.length.toLocaleString("en")}` : ""}: `,
      `${count.ok.toLocaleString("en")} passed`,
      count.expected ? `, ${count.expected.toLocaleString("en")} failed as expected` : "",
      count.surprise ? `, ${count.surprise.toLocaleString("en")} passed unexpectedly` : "",
    ),
    ...changeLine(changes),
    ...unmatchedLines(),
  );
}

function changeLine(changes) {
  if (!data.history.length) return [];
  const parts = ["regressed", "fixed", "changed", "added"]
    .filter((c) => changes.has(c))
    .map((c) => `${changes.get(c)} ${c}`);
  if (data.removed.length) parts.push(`${data.removed.length} removed`);
  const title = data.removed.length ? `Removed: ${data.removed.slice(0, 20).join(", ")}` : null;
  return [h("p", { class: "counts", title }, `Since ${data.history.at(-1)}: ${parts.join(", ") || "no change"}`)];
}

/** Entries about no cell close the gate too. */
function unmatchedLines() {
  if (!data.unmatched.length) return [];
  return [
    h(
      "details",
      { class: "unmatched" },
      h("summary", {}, `Red too: entries about no cell (${data.unmatched.length})`),
      h(
        "ul",
        {},
        data.unmatched.map((line) => h("li", {}, line)),
      ),
    ),
  ];
}

function showFunnel() {
  const cells = data.cells.filter((cell) => matches(cell, "lost"));
  const reached = STAGES.map((stage) => cells.filter(stage.reached).length);
  byId("funnel").replaceChildren(
    ...STAGES.map((stage, i) => funnelStage(stage, reached[i], i ? reached[i - 1] - reached[i] : 0, cells.length)),
  );
}

function funnelStage(stage, count, lost, total) {
  const share = total ? `${(100 * count) / total}%` : "0%";
  const label = `${lost} lost ${stage.lost === "before export" ? "" : stage.lost}: show them`;
  const button =
    lost || state.lost.has(stage.name)
      ? h(
          "button",
          {
            type: "button",
            class: "lost",
            "aria-pressed": String(state.lost.has(stage.name)),
            "aria-label": label,
            title: `Lost before “${stage.name}”; press to see them`,
            click: () => toggle("lost", stage.name),
          },
          `−${lost.toLocaleString("en")}`,
        )
      : null;
  return h(
    "li",
    { vars: { "--share": share } },
    h("span", { class: "stage" }, stage.name),
    h("span", { class: "number" }, count.toLocaleString("en")),
    button,
    h("span", { class: "track", "aria-hidden": "true" }),
  );
}

function showLegend() {
  const counts = facetCounts("outcome");
  const chips = Object.keys(data.symbols)
    .filter((outcome) => counts.has(outcome))
    .map((outcome) => legendChip(outcome, counts.get(outcome)));
  const focused = document.activeElement?.dataset?.outcome;
  byId("legend").replaceChildren(...chips, h("span", { class: "hint" }, legendHint()));
  if (focused) byId("legend").querySelector(`[data-outcome="${focused}"]`)?.focus();
}

/** What else stands in a cell, where the matrix has it. */
function legendHint() {
  const verdicts = new Set(data.cells.map((cell) => cell.verdict));
  const hints = [
    verdicts.has("expected") && "(…) failed as expected",
    ["unexpected_pass", "unexpected_outcome", "expired", "over_budget"].some((verdict) => verdicts.has(verdict)) &&
      "↯ against an entry or a budget",
    data.cells.some((cell) => cell.headroom !== null) && "4 % the share of the error limit that the worst output uses",
    data.history.length > 0 && "▼ regressed ▲ fixed + added ~ changed",
  ];
  return hints.filter(Boolean).join(" · ");
}

function legendChip(outcome, count) {
  const { words, style } = data.symbols[outcome];
  return h(
    "button",
    {
      type: "button",
      class: "chip",
      title: words,
      "data-outcome": outcome,
      "aria-pressed": String(state.outcome.has(outcome)),
      click: () => toggle("outcome", outcome),
    },
    h("span", { class: `mark c-${style}`, "aria-hidden": "true" }, data.symbols[outcome].character),
    outcome.replaceAll("_", " "),
    h("span", { class: "count" }, count.toLocaleString("en")),
  );
}
