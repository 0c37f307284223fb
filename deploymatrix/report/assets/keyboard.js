// Moving in the grid by keyboard, opening and closing. One cell of the grid is in the tab order (roving tabindex).

const PAGE_ROWS = 10;

function connectGrid() {
  const scroller = byId("scroller");
  scroller.addEventListener("scroll", makeRowsInSight, { passive: true });
  window.addEventListener("beforeprint", makeAllRows);
  new ResizeObserver(makeRowsInSight).observe(scroller);
  scroller.addEventListener("click", (event) => openFrom(event.target.closest("[data-column]")));
  scroller.addEventListener("keydown", onGridKey);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && state.cell) closePanel();
    if (event.key === "/" && !event.target.closest("input")) {
      event.preventDefault();
      byId("text").focus();
    }
  });
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    focusCell(view.active.row, view.active.column);
  });
}

function onGridKey(event) {
  if (!event.target.closest("[data-column]") || event.altKey || event.metaKey) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    openFrom(event.target.closest("[data-column]"));
    return;
  }
  const to = destination(event.key, event.ctrlKey);
  if (!to) return;
  event.preventDefault();
  focusCell(...to);
}

/** Row and column that a key leads to, or null. */
function destination(key, control) {
  const { row, column } = view.active;
  const [lastRow, lastColumn] = [view.rows.length - 1, view.columns.length - 1];
  switch (key) {
    case "ArrowUp":
      return [row - 1, column];
    case "ArrowDown":
      return [row + 1, column];
    case "ArrowLeft":
      return [row, column - 1];
    case "ArrowRight":
      return [row, column + 1];
    case "PageUp":
      return [row - PAGE_ROWS, column];
    case "PageDown":
      return [row + PAGE_ROWS, column];
    case "Home":
      return [control ? 0 : row, 0];
    case "End":
      return [control ? lastRow : row, lastColumn];
    default:
      return null;
  }
}

function focusCell(row, column) {
  activate(Math.min(Math.max(row, 0), view.rows.length - 1), Math.min(Math.max(column, 0), view.columns.length - 1));
  const element = activeElement();
  if (!element) return;
  bringIntoSight(element);
  element.focus({ preventScroll: true });
}

function activate(row, column) {
  activeElement()?.setAttribute("tabindex", "-1");
  view.active = { row, column };
  makeRowsInSight();
  activeElement()?.setAttribute("tabindex", "0");
}

const activeElement = () => view.made.get(view.active.row)?.querySelector(`[data-column="${view.active.column}"]`);

/** Scroll so that neither the sticky headers nor an edge covers the cell. */
function bringIntoSight(element) {
  const scroller = byId("scroller");
  const outer = scroller.getBoundingClientRect();
  const inner = element.getBoundingClientRect();
  const top = outer.top + scroller.querySelector(".head").offsetHeight;
  const left = outer.left + scroller.querySelector(".head .model").offsetWidth;
  const last = scroller.querySelector(".head .total:last-child");
  const right =
    outer.left + scroller.clientWidth - (getComputedStyle(last).position === "sticky" ? last.offsetWidth : 0);
  const bottom = outer.top + scroller.clientHeight;
  if (inner.top < top) scroller.scrollTop -= top - inner.top;
  else if (inner.bottom > bottom) scroller.scrollTop += inner.bottom - bottom;
  if (inner.left < left) scroller.scrollLeft -= left - inner.left;
  else if (inner.right > right) scroller.scrollLeft += inner.right - right;
}

function openFrom(element) {
  if (!element?.dataset.cell) return;
  activate(Number(element.closest("[data-row]").dataset.row), Number(element.dataset.column));
  set({ cell: element.dataset.cell });
  byId("panel-title")?.focus();
}

/** Close, and go back to the cell. */
function closePanel() {
  set({ cell: "" });
  focusCell(view.active.row, view.active.column);
}

/** Put the keyboard's place on the open cell, where the filters show it. */
function activateOpenCell() {
  const cell = data.byName.get(state.cell);
  if (!cell) return;
  const row = view.rows.findIndex((other) => other.key === rowKey(cell));
  const column = view.columns.indexOf(cell.target);
  if (row < 0 || column < 0) return;
  activate(row, column);
  bringIntoSight(activeElement());
}
