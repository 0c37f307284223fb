// What a model's variants cost and lose: a point for each variant on each target, over the artifact's size and over the
// latency. Colour is the target, shape the variant; a hollow point did not pass.

const SVG = "http://www.w3.org/2000/svg";
const BOX = { width: 480, height: 270, left: 44, right: 14, top: 24, bottom: 40 };
const COLOURS = 8; // of theme.css: --series-0 and on
const SHAPES = [
  "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z", // circle
  "M-4.5 -4.5h9v9h-9Z", // square
  "M0 -6L5.6 4.2H-5.6Z", // triangle
  "M0 -6.4L6.4 0L0 6.4L-6.4 0Z", // diamond
  "M0 6L5.6 -4.2H-5.6Z", // triangle, upside down
  "M-2 -6h4v4h4v4h-4v4h-4v-4h-4v-4h4Z", // cross
];

const TICKS = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9]];

/** The section of a model with several variants that answered; null where there is nothing to compare. */
function variantsSection(cell, more, all) {
  const points = pointsOf(cell.model, all);
  if (new Set(points.map((point) => point.cell.variant)).size < 2) return null;
  const series = {
    targets: [...new Set(points.map((point) => point.cell.target))].sort(order),
    variants: [...new Set(points.map((point) => point.cell.variant))].sort(byVariant),
  };
  const quality = points[0].metric ?? "signal-to-noise ratio, dB";
  const timed = points.filter((point) => point.time);
  return h(
    "section",
    { class: "variants" },
    h("h3", {}, `Variants of ${cell.model}`),
    more.beside ? h("p", { class: "muted" }, `Beside full precision, this one has ${more.beside}.`) : null,
    seriesLegend(series),
    scatter({ points, series, quality, of: "size", words: "artifact size", format: bytes, open: cell }),
    timed.length > 1
      ? scatter({ points: timed, series, quality, of: "time", words: "median run", format: seconds, open: cell })
      : null,
    h("details", { class: "more" }, h("summary", {}, "The same as a table"), pointsTable(points, quality)),
  );
}

/** The metric of the model's task where it has one, else the signal-to-noise ratio of the worst output. */
function pointsOf(model, all) {
  const cells = data.cells.filter((cell) => cell.model === model && all[cell.index].size !== null);
  const metric = cells.map((cell) => all[cell.index].task?.[0]).find(Boolean);
  return cells
    .map((cell) => {
      const { size, runTime, task, outputs } = all[cell.index];
      const ratios = outputs.map((output) => output.snr).filter((snr) => snr !== null);
      const quality = metric ? (task?.[1] ?? null) : ratios.length ? Math.min(...ratios) : null;
      return { cell, size, time: runTime, quality, metric };
    })
    .filter((point) => point.quality !== null && point.size > 0);
}

function seriesLegend({ targets, variants }) {
  const entry = (mark, text) => h("li", {}, mark, text);
  return h(
    "div",
    { class: "series" },
    h("ul", { "aria-label": "Colours" }, targets.map((target, i) => entry(key(SHAPES[0], colour(i)), target))),
    h("ul", { "aria-label": "Shapes" }, variants.map((variant, i) => entry(key(shape(i), ""), variant))),
    h("p", { class: "muted" }, "Hollow: did not pass. Up and to the left is better."),
  );
}

const key = (path, tone) =>
  s("svg", { class: "key", viewBox: "-8 -8 16 16", "aria-hidden": "true" }, s("path", { d: path, class: `point ${tone}` }));
const colour = (index) => `series-${index % COLOURS}`;
const shape = (index) => SHAPES[index % SHAPES.length];

/** An element of SVG; attributes as h() takes them. */
function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

function scatter(plot) {
  const { points, of, quality, words } = plot;
  const x = logScale(points.map((point) => point[of]), BOX.left, BOX.width - BOX.right);
  const y = linearScale(points.map((point) => point.quality), BOX.height - BOX.bottom, BOX.top);
  const marks = [...points].sort((a, b) => a[of] - b[of]).map((point) => pointMark(point, plot, x.at, y.at));
  const label = `${quality} over ${words}, ${plural(points.length, "point")}; arrow keys go from one to the next, Enter opens it`;
  marks[0].setAttribute("tabindex", "0");
  return s(
    "svg",
    { class: "scatter", viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "group", "aria-label": label, keydown: onPointKey },
    axes(x, y, plot),
    marks,
  );
}

function axes(x, y, { quality, words, format }) {
  const [bottom, right] = [BOX.height - BOX.bottom, BOX.width - BOX.right];
  const text = (attributes, content) => s("text", { "aria-hidden": "true", ...attributes }, content);
  return [
    y.ticks.map((tick) => s("path", { class: "rule", d: `M${BOX.left} ${y.at(tick)}H${right}` })),
    x.ticks.map((tick) => s("path", { class: "rule", d: `M${x.at(tick)} ${BOX.top}V${bottom}` })),
    y.ticks.map((tick) => text({ x: BOX.left - 6, y: y.at(tick) + 4, "text-anchor": "end" }, figure(tick))),
    x.ticks.map((tick) => text({ x: x.at(tick), y: bottom + 16, "text-anchor": "middle" }, format(tick))),
    text({ x: (BOX.left + right) / 2, y: BOX.height - 6, "text-anchor": "middle", class: "axis" }, words),
    text({ x: 2, y: BOX.top - 12, class: "axis" }, quality),
  ];
}

function pointMark(point, { series, quality, words, of, format, open }, atX, atY) {
  const { cell } = point;
  const tone = colour(series.targets.indexOf(cell.target));
  const told = `${cell.target} ${cell.variant}: ${figure(point.quality)} ${quality}, ${words} ${format(point[of])}; ${said(cell)}`;
  const isOpen = cell === open;
  return s(
    "g",
    {
      class: `mark-of ${isOpen ? "this" : ""}`,
      role: "button",
      tabindex: "-1",
      transform: `translate(${atX(point[of])} ${atY(point.quality)})`,
      "aria-label": told,
      "aria-current": isOpen ? "true" : null,
      click: () => openSimilar(cell),
    },
    s("title", {}, told),
    s("circle", { class: "halo", r: "10" }),
    s("path", { d: shape(series.variants.indexOf(cell.variant)), class: `point ${tone} ${cell.outcome === "passed" ? "" : "hollow"}` }),
  );
}

/** One point of each plot is in the tab order. */
function onPointKey(event) {
  const marks = [...event.currentTarget.querySelectorAll(".mark-of")];
  const at = marks.indexOf(event.target);
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (at < 0 || !(step || event.key === "Enter" || event.key === " ")) return;
  event.preventDefault();
  if (!step) return event.target.dispatchEvent(new MouseEvent("click"));
  const next = marks[Math.min(Math.max(at + step, 0), marks.length - 1)];
  marks[at].setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

/** A fifth of the range more on both sides; ticks at the coarsest of TICKS that gives three. */
function logScale(values, from, to) {
  const [low, high] = [Math.min(...values) / 1.2, Math.max(...values) * 1.2];
  const at = (value) => from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
  const powers = Array.from({ length: 40 }, (_, i) => Math.floor(Math.log10(low)) + i).filter((n) => 10 ** n <= high);
  const inside = (steps) =>
    powers.flatMap((power) => steps.map((step) => Number(`${step}e${power}`))).filter((tick) => tick >= low && tick <= high);
  return { at, ticks: TICKS.map(inside).find((ticks) => ticks.length > 2) ?? inside(TICKS.at(-1)) };
}

/** From a round number below to one above, in four to eight steps; at least a thousandth of the largest apart. */
function linearScale(values, from, to) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const rough = Math.max(most - least, Math.abs(most) / 1000, 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const [low, high] = [Math.floor(least / step) * step, Math.ceil(most / step) * step];
  const [first, last] = low === high ? [low - step, high + step] : [low, high];
  const at = (value) => from + ((to - from) * (value - first)) / (last - first);
  const count = Math.round((last - first) / step);
  return { at, ticks: Array.from({ length: count + 1 }, (_, i) => first + i * step) };
}

function pointsTable(points, quality) {
  const head = ["target", "variant", quality, "size", "median run"].map((name) => h("th", { scope: "col" }, name));
  const rows = [...points].sort((a, b) => order(a.cell.target, b.cell.target) || byVariant(a.cell.variant, b.cell.variant));
  return h(
    "table",
    { class: "points" },
    h("thead", {}, h("tr", {}, head)),
    h(
      "tbody",
      {},
      rows.map(({ cell, quality: value, size, time }) =>
        h("tr", {}, [cell.target, cell.variant, figure(value), bytes(size), time ? seconds(time) : "–"].map((text) => h("td", {}, text))),
      ),
    ),
  );
}
