// Above the matrix: what it comes to, why cells are red, how far they got, and the legend, which filters by outcome.

function showOverview(cells) {
  showHeadline(cells);
  showCauses();
  showFunnel();
  showLegend();
}

function showMeta() {
  const parts = [data.generator, `isolation: ${data.isolation}`, plural(new Set(data.cells.map((cell) => cell.model)).size, "model")];
  if (data.selection.length) parts.push(`selected: ${data.selection.join(", ")}`);
  if (data.history.length) parts.push(`compared with ${data.history.at(-1)}`);
  byId("meta").textContent = parts.join(" · ");
}

/** Variants that neither shrink nor speed up, or that pay for size with time. */
function showWorth() {
  const { notes } = data;
  byId("worth").hidden = notes.length === 0;
  if (!notes.length) return;
  const count = notes.reduce((sum, note) => sum + note.cells.length, 0);
  const open = (name) =>
    h("button", { type: "button", class: "as-link", click: () => openSimilar(data.byName.get(name)) }, name.split("/")[0]);
  const lines = notes.map(({ text, cells }) => h("li", {}, text, " ", cells.map((name, i) => [i ? ", " : "", open(name)])));
  byId("worth").replaceChildren(
    h("details", {}, h("summary", {}, `${plural(count, "cell")} whose variant buys nothing, or size with time`), h("ul", {}, lines)),
  );
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
  const chips = Object.keys(data.kinds)
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
    data.cells.some((cell) => cell.sizeRatio !== null) && "×0.26 the artifact's size beside full precision",
    data.cells.some((cell) => cell.repaired) && `† ${REPAIRED}`,
    data.cells.some((cell) => cell.warned) && `‡ ${WARNED}`,
    data.cells.some((cell) => cell.fixed) && `§ ${FIXED}`,
    data.history.length > 0 && "▼ regressed ▲ fixed + added ~ changed",
  ];
  return hints.filter(Boolean).join(" · ");
}

function legendChip(outcome, count) {
  const { words, style } = data.kinds[outcome];
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
    h("span", { class: `mark c-${style}`, "aria-hidden": "true" }, data.kinds[outcome].character),
    outcome.replaceAll("_", " "),
    h("span", { class: "count" }, count.toLocaleString("en")),
  );
}
