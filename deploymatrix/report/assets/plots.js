// The error plots of an output, on a log scale: each sample's error against the limit and against eager float32, and the
// same at each step of a model with state, where limit and noise are the step's own.

const PLOT_HEIGHT = 170;
const drawn = []; // plots of the open panel: {plot, holder, draw}

/** A holder that is drawn into once it is in the document. */
function errorPlot(output) {
  const worst = output.error === null ? "not finite" : figure(output.error);
  const label = `Error of ${output.name}: ${plural(output.errors.length, "sample")}, worst ${worst}, limit ${figure(output.limit)}`;
  const holder = h("div", { class: "plot", role: "img", "aria-label": label });
  const legend = h(
    "p",
    { class: "plot-legend" },
    h("span", { class: "ink-error" }, "● error of each sample"),
    h("span", { class: "ink-limit" }, `━ limit ${figure(output.limit)}`),
    output.eager ? h("span", { class: "ink-eager" }, `┅ eager float32 ${figure(output.eager)}`) : null,
  );
  const { errors, limit, eager } = output;
  const [limits, noise] = [limit, eager].map((value) => errors.map(() => value));
  drawn.push({ holder, legend, per: "sample", errors, limits, noise, plot: null });
  return h("div", {}, legend, holder);
}

/** The same for the steps: a drift is seen as an error that grows faster than the noise of float32 does. */
function stepPlot({ name, steps }) {
  const label = `Error of ${name} at each of ${plural(steps.errors.length, "step")}, with the step's own limit`;
  const holder = h("div", { class: "plot", role: "img", "aria-label": label });
  const legend = h(
    "p",
    { class: "plot-legend" },
    h("span", { class: "ink-error" }, "● error at each step"),
    h("span", { class: "ink-limit" }, "━ limit of the step"),
    h("span", { class: "ink-eager" }, "┅ eager float32 at the step"),
  );
  drawn.push({ holder, legend, per: "step", ...steps, plot: null });
  return h("div", {}, legend, holder);
}

function drawPlots() {
  for (const entry of drawn) {
    entry.plot?.destroy();
    entry.plot = new uPlot(plotOptions(entry), plotColumns(entry), entry.holder);
  }
}

function forgetPlots() {
  for (const { plot } of drawn) plot?.destroy();
  drawn.length = 0;
}

/** x runs from half a sample before the first to half a sample after the last, so that the lines cross the whole plot. */
function plotColumns({ per, errors, limits, noise }) {
  const floor = floorOf([...errors, ...limits, ...noise]);
  const first = firstOf(per);
  const xs = [first - 0.5, ...errors.map((_, i) => first + i), first + errors.length - 0.5];
  const line = (values) => [values[0], ...values, values.at(-1)].map((value) => value || null);
  return [xs, [null, ...errors.map((error) => (error === 0 ? floor : error)), null], line(limits), line(noise)];
}

/** Samples are counted from 1 here, steps from 0, as slices are. */
function firstOf(per) {
  return per === "step" ? 0 : 1;
}

/** Where an error of exactly 0 is drawn, which a log scale has no place for: below all else. */
function floorOf(values) {
  return Math.min(...values.filter((value) => value > 0)) / 10;
}

function plotOptions({ holder, legend, per, errors }) {
  const ink = (name) => getComputedStyle(legend.querySelector(`.ink-${name}`) ?? legend).color;
  const axis = {
    stroke: getComputedStyle(legend).color,
    grid: { stroke: getComputedStyle(holder).borderTopColor, width: 1 },
    ticks: { show: false },
    font: "11px system-ui",
  };
  const whole = (_plot, splits) => splits.map((value) => (Number.isInteger(value) ? String(value) : ""));
  const powers = (_plot, splits) => splits.map((value) => value.toExponential(0));
  const all = (_plot, splits) => splits;
  return {
    width: Math.max(220, holder.clientWidth),
    height: PLOT_HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    select: { show: false },
    scales: {
      x: { time: false, range: [firstOf(per) - 0.5, firstOf(per) + errors.length - 0.5] },
      y: { distr: 3, range: (_plot, low, high) => decades(low, high) },
    },
    axes: [
      {
        ...axis,
        values: whole,
        label: per,
        labelSize: 16,
        labelFont: "11px system-ui",
        size: 24,
        incrs: [1, 2, 5, 10, 20, 50, 100],
      },
      { ...axis, splits: decadesBetween, filter: all, grid: { ...axis.grid, filter: all }, values: powers, size: 46 },
    ],
    series: [
      {},
      { stroke: ink("error"), paths: () => null, points: { show: true, size: 8, fill: ink("error") } },
      { stroke: ink("limit"), width: 2, points: { show: false } },
      { stroke: ink("eager"), width: 1.5, dash: [5, 4], points: { show: false } },
    ],
  };
}

/** Every power of ten from `low` to `high`, or every second, third, … where they would be more than seven. */
function decadesBetween(_plot, _axis, low, high) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-6), Math.floor(Math.log10(high) + 1e-6)];
  const step = Math.ceil((last - first + 1) / 7);
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => 10 ** (first + i * step));
}

const decades = (low, high) => [10 ** Math.floor(Math.log10(low) - 0.1), 10 ** Math.ceil(Math.log10(high) + 0.1)];
