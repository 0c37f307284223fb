// Bars of one model in one variant over all targets: bytes of the artifact, seconds of a run.

/** A section of bars, or null where fewer than two targets have the value. */
function bars(title, cell, all, valueOf, format) {
  const peers = data.cells.filter((other) => other.model === cell.model && other.variant === cell.variant);
  const measured = peers
    .map((peer) => ({ peer, value: valueOf(all[peer.index]) }))
    .filter(({ value }) => value !== null);
  if (measured.length < 2 || !measured.some(({ peer }) => peer === cell)) return null;
  const most = Math.max(...measured.map(({ value }) => value)) || 1;
  measured.sort((a, b) => a.value - b.value);
  return h(
    "section",
    {},
    h("h3", {}, title),
    h(
      "ul",
      { class: "bars" },
      measured.map(({ peer, value }) =>
        h(
          "li",
          { class: peer === cell ? "this" : "", vars: { "--share": `${(100 * value) / most}%` } },
          h("span", { class: "bar-name" }, peer.target),
          h("span", { class: "bar-track", "aria-hidden": "true" }),
          h("span", { class: "bar-value" }, format(value)),
        ),
      ),
    ),
  );
}
