// What the cells in sight come to, in words that hold for them alone: a filter hides cells, and a part of a plan lacks some.

const MOST_KINDS = 5;

/** Count cells as matrix/counts.py does: passed is what the gate passes as such, and nothing else. */
function countOf(cells) {
  const count = { cells: 0, passed: 0, fixed: 0, expected: 0, exported: 0, red: 0, standings: new Map() };
  for (const cell of cells) {
    count.cells += 1;
    if (cell.outcome === "exported") count.exported += 1;
    if (cell.verdict === "ok") {
      count.passed += 1;
      if (cell.fixed) count.fixed += 1;
    } else if (cell.verdict === "expected") count.expected += 1;
    else {
      count.red += 1;
      count.standings.set(cell.standing, (count.standings.get(cell.standing) ?? 0) + 1);
    }
  }
  return count;
}

function showHeadline(cells) {
  const count = countOf(cells);
  const hidden = countOf(data.cells).red - count.red;
  const changes = new Map();
  for (const cell of cells) if (cell.change) changes.set(cell.change, (changes.get(cell.change) ?? 0) + 1);
  const [tone, main] = isFiltered() ? filteredVerdict(count, hidden) : wholeVerdict(count);
  byId("headline").replaceChildren(
    data.partial ? h("p", { class: "verdict is-partial", id: "partial" }, data.partial) : "",
    h("p", { class: `verdict ${tone}`, id: "verdict" }, main),
    h("p", { class: "counts" }, countsLine(count)),
    ...changeLine(changes),
    ...unmatchedLines(),
  );
}

/** Of all cells that there are. Only a whole plan without anything red is all green. */
function wholeVerdict(count) {
  const entries = data.unmatched.length;
  if (count.red) return ["is-red", plural(count.red, "red cell")];
  if (entries) return ["is-red", `${entries} ${entries === 1 ? "entry" : "entries"} without a cell: red`];
  if (data.partial) return ["", `${plural(count.passed, "cell")} passed`];
  return ["is-good", "Nothing red"];
}

/** Of what a filter leaves: how many red cells it shows, and how many it hides. */
function filteredVerdict(count, hidden) {
  const rest = hidden ? `${plural(hidden, "red cell")} hidden` : "";
  if (!count.cells) return [hidden ? "is-red" : "", ["No cell matches", rest].filter(Boolean).join(", ")];
  const shown = count.red ? `${plural(count.red, "red cell")} shown` : `Filter shows ${plural(count.cells, "cell")}`;
  return [count.red || hidden ? "is-red" : "", [shown, rest].filter(Boolean).join(", ")];
}

function countsLine(count) {
  const number = (value) => value.toLocaleString("en");
  const of = isFiltered() ? ` of ${number(data.cells.length)}` : "";
  const red = [...count.standings].sort(([a, m], [b, n]) => n - m || order(a, b));
  const kinds = red.slice(0, MOST_KINDS).map(([word, n]) => `${number(n)} ${word}`);
  if (red.length > MOST_KINDS) kinds.push(`${red.length - MOST_KINDS} more kinds`);
  const parts = [
    `${number(count.passed)} passed`,
    count.fixed && `${number(count.fixed)} of them at fixed sizes only`,
    count.expected && `${number(count.expected)} failed as expected`,
    count.exported && `${number(count.exported)} of these exported, not run`,
    count.red && `${number(count.red)} red (${kinds.join(", ")})`,
  ];
  return `${plural(count.cells, "cell")}${of}: ${parts.filter(Boolean).join(", ")}`;
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
