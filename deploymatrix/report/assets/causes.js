// Why cells are red: a line for each cause, the most frequent first; pressing one filters by it.

const MOST_CAUSES = 5;

function showCauses() {
  const counts = causeCounts();
  const entries = [...counts].sort(([a, m], [b, n]) => n - m || order(a, b)).map(causeLine);
  const rest = entries.slice(MOST_CAUSES);
  const wasOpen = byId("causes").querySelector("details")?.open ?? false;
  byId("causes").hidden = entries.length === 0;
  byId("causes").replaceChildren(
    h("ul", { class: "cause-list" }, entries.slice(0, MOST_CAUSES)),
    rest.length
      ? h(
          "details",
          { open: wasOpen },
          h("summary", {}, `${plural(rest.length, "further cause")}`),
          h("ul", { class: "cause-list" }, rest),
        )
      : "",
  );
}

/** Red cells by cause, among those that the other filters leave; a cause that is filtered by stays in sight. */
function causeCounts() {
  const counts = new Map([...state.cause].map((cause) => [cause, 0]));
  for (const cell of data.cells) {
    if (cell.isRed && matches(cell, "cause")) counts.set(cell.cause, (counts.get(cell.cause) ?? 0) + 1);
  }
  return counts;
}

function causeLine([cause, count]) {
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: "cause",
        "data-cause": cause,
        "aria-pressed": String(state.cause.has(cause)),
        title: "Show only these cells",
        click: () => toggle("cause", cause),
      },
      h("b", {}, plural(count, "cell")),
      `: ${cause}`,
    ),
  );
}
