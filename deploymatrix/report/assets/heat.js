// The heat map of an output: the share of the limit along the axis with the worst slice, and where the worst element is.

const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"; // a quarter of a decade each, from 1e-4 on
const AT_THE_LIMIT = 16;

function heatSection(output) {
  const { worst, shape } = output;
  if (!worst) return null;
  const place = `worst element [${worst.position.join(", ")}] of sample ${worst.sample}`;
  const words = `${placeOfWorst(worst)}: ${share(worst.share)} of its limit; ${place}`;
  if (worst.heatAxis === null) return h("p", { class: "heat-legend" }, words);
  const size = shape[worst.heatAxis];
  const count = Number.isInteger(size) ? size : worst.heat.length; // a dim has several sizes
  const label = `Share of the limit along axis ${worst.heatAxis}, ${plural(count, "slice")}; ${words}`;
  const length = Math.ceil(count / worst.heat.length);
  const stretches = [...worst.heat].map((letter, at) => stretch(LEVELS.indexOf(letter), at * length, length, count));
  return h(
    "div",
    {},
    h("p", { class: "heat-legend" }, words),
    h("div", { class: "heat", role: "img", "aria-label": label }, stretches),
    h(
      "p",
      { class: "heat-legend heat-ends" },
      h("span", {}, `axis ${worst.heatAxis}: 0`),
      h("span", {}, String(count - 1)),
    ),
  );
}

function placeOfWorst({ axis, index, far }) {
  if (far) return "values far out of its range";
  return axis === null ? "the output as a whole" : `axis ${axis}, slice ${index}`;
}

/** One stretch of slices: darker as it nears the limit, in another colour beyond it. */
function stretch(level, first, length, count) {
  const last = Math.min(first + length, count) - 1;
  const over = level >= AT_THE_LIMIT;
  const strength = over ? 55 + Math.min(45, (level - AT_THE_LIMIT) * 6) : Math.round((100 * level) / AT_THE_LIMIT);
  const title = `slice${last > first ? `s ${first} to ${last}` : ` ${first}`}: about ${share(10 ** ((level + 0.5) / 4 - 4))}`;
  return h("span", { class: over ? "over" : "", title, vars: { "--strength": `${strength}%` } });
}
