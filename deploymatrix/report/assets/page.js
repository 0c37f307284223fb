// The start: builds what is built once, and shows the rest anew whenever the state changes.

const THEMES = ["auto", "light", "dark"];
let theme = storedTheme();

function start() {
  showMeta();
  showWorth();
  buildFilterBar();
  showTheme();
  byId("theme").addEventListener("click", nextTheme);
  connectGrid();
  onChange((changed) => {
    if (changed.some((name) => name !== "cell")) showSelection();
    if (changed.includes("cell")) showCell();
  });
  showSelection();
  if (state.cell) showCell().then(() => byId("panel-title")?.focus());
  const redraw = later(drawPlots, 100);
  window.addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  NARROW.addEventListener("change", (event) => coverPage(event.matches && Boolean(state.cell)));
}

function showSelection() {
  const selection = selected();
  showFilterBar();
  showOverview(selection.cells);
  showGrid(selection);
}

function showCell() {
  for (const element of document.querySelectorAll(".cell.open")) element.classList.remove("open");
  const shown = showPanel();
  activateOpenCell();
  if (state.cell && activeElement()?.dataset.cell === state.cell) activeElement().classList.add("open");
  return shown;
}

function nextTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  try {
    localStorage.setItem("deploymatrix-theme", theme);
  } catch (refused) {
    console.info("the theme is not kept", refused.message); // some browsers give pages from disk no storage
  }
  showTheme();
  drawPlots();
}

function storedTheme() {
  try {
    const stored = localStorage.getItem("deploymatrix-theme");
    return THEMES.includes(stored) ? stored : "auto";
  } catch {
    return "auto"; // some browsers give pages from disk no storage
  }
}

function showTheme() {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = `Theme: ${theme}`;
}

start();
