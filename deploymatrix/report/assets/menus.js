// The filter bar: a menu of check boxes for each facet, changed-only, and the free text.

const MENUS = [
  ["model", "Model"],
  ["family", "Family"],
  ["framework", "Framework"],
  ["target", "Target"],
  ["variant", "Variant"],
];
const SEARCH_FROM = 12; // values from which a menu has its own search

function buildFilterBar() {
  const bar = byId("bar");
  const menus = MENUS.filter(([facet]) => facetCounts(facet).size > 1).map(([facet, label]) => menu(facet, label));
  const clear = h("button", { type: "button", class: "quiet", id: "clear", click: clearFilters }, "Clear filters");
  bar.append(...menus, verdictSwitch(), ...changedSwitch(), clear);
  const text = byId("text");
  const search = later(() => set({ text: text.value.trim() }), 120);
  text.addEventListener("input", search);
  document.addEventListener("click", (event) => closeMenus(event.target.closest?.(".menu")));
  bar.addEventListener("keydown", closeByEscape);
}

function menu(facet, label) {
  const list = h("div", { class: "menu-list" });
  const badge = h("span", { class: "badge" });
  const element = h(
    "details",
    { class: "menu", "data-facet": facet, toggle: () => element.open && fillMenu(element, facet, list) },
    h("summary", {}, label, badge),
    list,
  );
  return element;
}

function fillMenu(element, facet, list) {
  closeMenus(element);
  const counts = [...facetCounts(facet)].sort(([a], [b]) => order(a, b));
  const options = counts.map(([value, count]) =>
    h(
      "label",
      { class: "option" },
      h("input", { type: "checkbox", checked: state[facet].has(value), change: () => toggle(facet, value) }),
      h("span", { class: "option-name" }, value),
      h("span", { class: "count" }, String(count)),
    ),
  );
  list.replaceChildren(
    ...(counts.length >= SEARCH_FROM ? [optionSearch(options)] : []),
    h("div", { class: "options" }, options),
  );
}

function optionSearch(options) {
  const narrow = (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const option of options) option.hidden = !option.textContent.toLowerCase().includes(wanted);
  };
  return h("input", {
    type: "search",
    class: "option-search",
    placeholder: "Find…",
    "aria-label": "Find in this list",
    input: narrow,
  });
}

function closeMenus(except) {
  for (const open of document.querySelectorAll(".menu[open]")) if (open !== except) open.open = false;
}

function closeByEscape(event) {
  const open = event.target.closest(".menu[open]");
  if (event.key !== "Escape" || !open) return;
  event.stopPropagation();
  open.open = false;
  open.querySelector("summary").focus();
}

function verdictSwitch() {
  return h(
    "button",
    { type: "button", class: "switch", id: "only-red", click: () => toggle("verdict", "red") },
    "Red only",
  );
}

function changedSwitch() {
  if (!data.history.length) return [];
  const title = `Against ${data.history.at(-1)}`;
  return [
    h(
      "button",
      { type: "button", class: "switch", id: "only-changed", title, click: () => set({ changed: !state.changed }) },
      "Changed only",
    ),
  ];
}

function showFilterBar() {
  for (const element of document.querySelectorAll(".menu")) {
    const count = state[element.dataset.facet].size;
    element.querySelector(".badge").textContent = count ? String(count) : "";
    element.classList.toggle("active", count > 0);
  }
  byId("only-red").setAttribute("aria-pressed", String(state.verdict.has("red")));
  byId("only-changed")?.setAttribute("aria-pressed", String(state.changed));
  byId("clear").hidden = !isFiltered();
  if (byId("text").value.trim() !== state.text) byId("text").value = state.text;
}
