// Who agrees with whom: how far the answers of a model's targets are from each other, the open cell's nearest first.

let disagreements = []; // of the matrix, by model and variant; data.js reads them

function agreementSection(cell) {
  const found = disagreements.find(({ model, variant }) => model === cell.model && variant === cell.variant);
  if (!found || found.targets.length < 3 || !found.targets.includes(cell.target)) return null;
  const distance = between(found);
  const away = (name) => distance(cell.target, name);
  const others = found.targets.filter((name) => name !== cell.target).sort((a, b) => rank(away(a)) - rank(away(b)));
  return h(
    "section",
    {},
    h("h3", {}, "Who agrees with whom"),
    h("p", {}, `${nearWords(others, away)} ${apartWords(found)}`),
    distanceMap(found, [cell.target, ...others], distance, cell.target),
    h("p", { class: "muted" }, "The largest difference of two answers, as a share of the largest value. Darker is farther apart."),
  );
}

/** The distance of two targets by name; null where it is not known. */
function between({ targets, distances }) {
  const place = new Map(targets.map((name, index) => [name, index]));
  return (a, b) => {
    const [i, j] = [place.get(a), place.get(b)].sort((x, y) => x - y);
    return i === j ? 0 : distances[j][i];
  };
}

function rank(distance) {
  return distance ?? Infinity;
}

function nearWords(others, away) {
  const same = others.filter((name) => away(name) === 0);
  const known = others.filter((name) => away(name) > 0);
  const told = (name) => `${name}, ${figure(away(name))}`;
  return [
    same.length && `The same to the bit as ${same.join(", ")}.`,
    known.length && `Nearest ${told(known[0])}; farthest ${told(known.at(-1))}.`,
  ]
    .filter(Boolean)
    .join(" ");
}

function apartWords({ apart, share: shared }) {
  if (!apart.length) return "Nobody stands apart.";
  const why = shared.length ? ` They alone share ${shared.join(", ")}.` : "";
  return `Apart from all others: ${apart.join(", ")}.${why}`;
}

function distanceMap({ distances }, order, distance, own) {
  const known = distances.flat().filter((value) => value > 0);
  const [least, most] = [Math.log10(Math.min(...known)), Math.log10(Math.max(...known))];
  const strength = (value) => (value > 0 ? 10 + (90 * (Math.log10(value) - least)) / Math.max(most - least, 1e-9) : 0);
  const square = (a, b) => {
    const value = distance(a, b);
    const title = `${a} and ${b}: ${value === null ? "not comparable" : value === 0 ? "the same to the bit" : figure(value)}`;
    return h("span", { class: value === null ? "unknown" : "", title, vars: { "--strength": `${strength(value)}%` } });
  };
  const row = (a) => [h("span", { class: a === own ? "name own" : "name" }, a), ...order.map((b) => square(a, b))];
  const label = `Distances of ${plural(order.length, "target")} from each other`;
  return h("div", { class: "agreement", role: "img", "aria-label": label, vars: { "--count": order.length } }, order.flatMap(row));
}
