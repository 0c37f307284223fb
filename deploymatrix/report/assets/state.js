// What is filtered and which cell is open. All of it is in the URL's hash, so that a link shows what one sees.

const FACETS = ["model", "family", "framework", "target", "variant", "outcome", "verdict", "lost", "cause"];
const state = readState();
const listeners = [];

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  const facets = Object.fromEntries(FACETS.map((facet) => [facet, new Set(given.getAll(facet))]));
  return {
    ...facets,
    changed: given.get("changed") === "1",
    text: given.get("text") ?? "",
    cell: given.get("cell") ?? "",
  };
}

function hashOf({ changed, text, cell, ...facets }) {
  const pairs = FACETS.flatMap((facet) => [...facets[facet]].sort(order).map((value) => [facet, value]));
  if (changed) pairs.push(["changed", "1"]);
  if (text) pairs.push(["text", text]);
  if (cell) pairs.push(["cell", cell]);
  return `#${new URLSearchParams(pairs)}`;
}

/** Call `listener` with the names of what changed, whenever something did. */
function onChange(listener) {
  listeners.push(listener);
}

function set(changes) {
  Object.assign(state, changes);
  history.replaceState(null, "", hashOf(state));
  for (const listener of listeners) listener(Object.keys(changes));
}

function toggle(facet, value) {
  const values = new Set(state[facet]);
  if (!values.delete(value)) values.add(value);
  set({ [facet]: values });
}

function clearFilters() {
  set({ ...Object.fromEntries(FACETS.map((facet) => [facet, new Set()])), changed: false, text: "" });
}

const isFiltered = () => state.changed || state.text !== "" || FACETS.some((facet) => state[facet].size > 0);

/** A hash typed or pasted into the address bar, or a step back. */
window.addEventListener("hashchange", () => set(readState()));
