/**
 * Integers of what is quantised, as numerics/decisions.py of deploymatrix judges them: what the graph decides otherwise
 * than float64, and the runtime than the graph. tests/vectors/noise.json holds the two to one judgement.
 */

/**
 * Return {values, lost, answered, limit, open, unfaithful}, which but for the first are shares of the values.
 *
 * All are arrays of the values of each sample: what the runtime answered, the reference, the graph's answers in exact
 * arithmetic, and those rounded on the way, or null.
 */
export function decisions({ actual, reference, evaluated, rounded }, limits) {
  const [answer, exact, graph] = [actual, reference, evaluated].map(joined);
  const open = rounded ? differing(joined(rounded), graph) : graph.map(() => false);
  const unlike = differing(answer, graph);
  return {
    values: graph.length,
    lost: share(differing(graph, exact)),
    answered: share(differing(answer, exact)),
    limit: limitOfDecisions(limits, graph.length),
    open: share(open),
    unfaithful: share(unlike.map((differs, index) => differs && !open[index])),
  };
}

/** Return why an output does not pass; null if it does. */
export function misdecided({ lost, answered, limit, unfaithful }, figure) {
  const over = (whose, part) =>
    `the ${whose} decides ${figure(part)} of the values otherwise than float64, over the limit ${figure(limit)}`;
  const found = [];
  if (lost > limit) found.push(over('graph', lost));
  else if (answered > limit && !unfaithful) found.push(over('runtime', answered));
  if (unfaithful) {
    const decides = `fidelity: the runtime decides ${figure(unfaithful)} of the values otherwise than the graph that it`;
    found.push(`${decides} runs, where rounding on the way changes nothing`);
  }
  return found.join('; ') || null;
}

/** Return what an output of integers fails. */
export function failedDecisions({ lost, answered, limit, unfaithful }) {
  const faithful = unfaithful <= 0;
  const lossy = !(lost <= limit) || (faithful && !(answered <= limit));
  return [...(lossy ? ['loss'] : []), ...(faithful ? [] : ['fidelity'])];
}

function limitOfDecisions({ flipped = 0 }, count) {
  return flipped + 3 * Math.sqrt((flipped * (1 - flipped)) / Math.max(count, 1));
}

function joined(samples) {
  return samples.flatMap((values) => [...values]);
}

function differing(left, right) {
  return left.map((value, index) => value != right[index]); // eslint-disable-line eqeqeq -- BigInt and Number, exactly
}

function share(flags) {
  return flags.length ? flags.filter(Boolean).length / flags.length : 0;
}
