/**
 * Whether a runtime runs the quantised graph that it was given, as numerics/fidelity.py of deploymatrix judges it; and
 * which of its judgements a cell fails, as numerics/failing.py says. tests/vectors/comparison.json holds them to one
 * judgement.
 */
import { failedDecisions } from './decisions.mjs';
import { ordinaryOf, rootOfSquares } from './slices.mjs';

const STEP = Math.sqrt(12);
const [NEAR, FAR] = [0.5, 1.5];
const INTACT = 8;
const WORDS = ['loss', 'fidelity'];

/**
 * Return {loss, noise, error, limit, quietest, quietLimit, flipped, far, farLimit}; null where the graph's answers are not all finite.
 *
 * All are Float64Arrays of all samples: what the runtime answered, the reference, the graph's answers in exact
 * arithmetic, and those rounded on the way, or null. `samples`: how many there are.
 */
export function fidelity({ actual, expected, evaluated, rounded, samples }, limits) {
  const ordinary = ordinaryOf(expected);
  const among = (array) => array.filter((_, index) => ordinary[index]);
  const [answer, exact, graph, second] = [actual, expected, evaluated, rounded ?? evaluated].map(among);
  if (!graph.every(Number.isFinite)) return null;
  const minus = (left, right) => left.map((value, index) => Math.abs(value - right[index]));
  const scale = rootOfSquares(exact.map(Math.abs)) || 1;
  const [lost, off] = [minus(graph, exact), minus(answer, graph)];
  const [loss, error] = [lost, off].map((values) => rootOfSquares(values) / scale);
  const noise = rounded && second.every(Number.isFinite) ? rootOfSquares(minus(second, graph)) / scale : null;
  const step = Math.max(loss, noise ?? 0, limits.least) * STEP * scale;
  const far = share(off, step, FAR);
  return {
    loss,
    noise,
    error,
    limit: limitOfFidelity(limits, loss, noise),
    quietest: quietest(minus(actual, evaluated), ordinary, samples) / scale,
    quietLimit: noise === null ? null : Math.max(limits.times * noise, limits.least),
    flipped: share(off, step, NEAR) - far,
    far,
    farLimit: limits.far + share(lost, step, FAR),
  };
}

/** Return why the runtime does not run what it was given; null if it does. */
export function infidelity({ loss, noise, error, limit, quietest: quiet, quietLimit, far, farLimit }, figure) {
  if (error > limit) {
    const away = `fidelity: the runtime is ${figure(error)} away from the graph that it runs`;
    return `${away}, over the limit ${figure(limit)}; the graph itself is ${figure(loss)} away from float64`;
  }
  if (quietLimit !== null && quiet > quietLimit) {
    const away = `fidelity: in every sample the runtime is ${figure(quiet)} or more away from the graph that it runs`;
    return `${away}, over the limit ${figure(quietLimit)}; rounding on the way does ${figure(noise)}`;
  }
  if (far > farLimit) {
    const away = `fidelity: ${figure(far)} of the runtime's values are more than ${FAR} steps away from the graph that`;
    return `${away} it runs, over the limit ${figure(farLimit)}`;
  }
  return null;
}

/** Return "mismatch (fidelity)" and the like, given the judged outputs, where they are judged by noise. */
export function named(outcome, outputs, { norm }) {
  if (outcome !== 'mismatch' || norm !== 'rms') return outcome;
  const failed = new Set(outputs.flatMap(failing));
  if (!failed.size && isIntact(outputs)) failed.add('loss');
  const words = WORDS.filter((word) => failed.has(word));
  return words.length ? `${outcome} (${words.join(', ')})` : outcome;
}

/** Tell whether every output that is judged by noise is as near to float64 as float32 is: nothing was quantised. */
export function isIntact(outputs) {
  const measured = outputs.filter(({ headroom }) => headroom !== null);
  const near = ({ eager, ...output }) => lost(output) <= INTACT * eager;
  return measured.some(({ eager }) => eager > 0) && measured.every(near);
}

/** Return the verdict on an artifact that holds its weights in full precision, though its variant does not. */
export function unquantised(outputs, figure) {
  const told = ({ eager, ...output }) => {
    const loss = `nothing is quantised: the loss ${figure(lost(output))} is what float32 itself leaves`;
    return `${loss}; its own error is ${figure(eager)}`;
  };
  const found = outputs.map((output) =>
    output.headroom === null ? output : { ...output, outcome: 'mismatch', problem: told(output) },
  );
  const detail = found.filter(({ problem }) => problem).map(({ name, problem }) => `${name}: ${problem}`);
  return { outcome: 'mismatch', detail: detail.join('; '), outputs: found };
}

/** Return an output's loss: of the graph where something answers for it, else of the answers. */
function lost({ error, fidelity: second }) {
  return second ? second.loss : error;
}

function failing({ error, limit, headroom, fidelity: second, decisions: decided }) {
  if (decided) return failedDecisions(decided);
  const faithful = !second || isFaithful(second);
  const within = error !== null && (headroom === null ? error <= limit : headroom <= 1);
  const lossy = second && !(second.loss <= limit);
  return [...(lossy || (faithful && !within) ? ['loss'] : []), ...(faithful ? [] : ['fidelity'])];
}

function isFaithful({ error, limit, quietest: quiet, quietLimit, far, farLimit }) {
  return error <= limit && (quietLimit === null || quiet <= quietLimit) && far <= farLimit;
}

/** Return the root of the mean square of the sample that has the least. */
function quietest(off, ordinary, samples) {
  const length = off.length / samples;
  const parts = Array.from({ length: samples }, (_, sample) =>
    off.slice(sample * length, (sample + 1) * length).filter((_, index) => ordinary[sample * length + index]),
  );
  return Math.min(...parts.filter((part) => part.length).map(rootOfSquares));
}

function limitOfFidelity({ share: bound, flips, times, least }, loss, noise) {
  const most = bound * Math.max(loss, noise ?? 0);
  const likely = noise === null ? most : Math.max(flips * loss, times * noise);
  return Math.max(Math.min(most, likely), least);
}

function share(values, step, steps) {
  return values.length ? values.filter((value) => value > steps * step).length / values.length : 0;
}
