/**
 * Whether a run's answers are stable, as numerics/stability.py of deploymatrix judges it: the same again from the same
 * session, from another, in another order of samples, on another number of threads. The worker writes what differs.
 * tests/vectors/stability.json holds the two to one judgement.
 */
import { compare, listed, relativeError, shortFigure, values } from './judgement.mjs';

// What each check varied, in the order in which they count: each holds for all that come after it.
const CAUSES = {
  repeat: 'when the same session runs a sample again',
  load: 'after another load',
  order: 'with the order of samples',
  threads: 'with the number of threads',
  together: 'in another session, with order and threads changed',
};

const BEFORE = ['io_mismatch', 'reference_failed']; // where they hold, there is no limit to judge by

/**
 * Compare with the reference, and the run's answers with each other, which may differ by an output's
 * whole limit. `answers` is as for compare(), with `again`: by the name of a check, a function that gives what an output
 * (name, sample) was then, null where it was the same.
 */
export function judge(answers, limits) {
  const comparison = compare(answers, limits);
  const allowed = Object.fromEntries(comparison.outputs.map(({ name, limit }) => [name, limit]));
  const problem = BEFORE.includes(comparison.outcome) ? null : instability(answers, allowed);
  return problem === null ? comparison : { ...comparison, outcome: 'unstable', detail: problem };
}

/** Return what changed an output by more than its limit, and how far; null if nothing did. */
function instability(answers, limits) {
  const known = Object.keys(answers.again).filter((check) => cause(check) in CAUSES);
  const rank = (check) => Object.keys(CAUSES).indexOf(cause(check));
  const checks = known.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  for (const check of checks) {
    const problems = differences(answers.again[check], answers, limits);
    if (problems.length) {
      const farthest = problems.reduce((worst, problem) => (problem.size > worst.size ? problem : worst));
      return `answers change ${CAUSES[cause(check)]}: ${farthest.words}`;
    }
  }
  return null;
}

function cause(check) {
  return check.split('-')[0];
}

function differences(again, { declared, samples, read }, limits) {
  const found = [];
  for (const { name } of declared) {
    for (let sample = 0; sample < samples; sample += 1) {
      const other = again(name, sample);
      const problem = other && difference(read(name, sample)[0], other, limits[name]);
      if (problem) found.push({ ...problem, words: `output ${name} of sample ${sample} ${problem.words}` });
    }
  }
  return found;
}

function difference(first, other, limit) {
  const [before, now] = [first, other].map(({ dtype, shape }) => `${dtype}${listed(shape)}`);
  if (before !== now) return { size: Infinity, words: `is ${before} at first, then ${now}` };
  if (!equallyFinite(values(first), values(other))) return { size: Infinity, words: 'is NaN or infinite elsewhere' };
  const size = relativeError(other, first);
  if (size <= limit) return null;
  return { size, words: `differs by ${shortFigure(size)} (limit ${shortFigure(limit)})` };
}

function equallyFinite(values, others) {
  return values.every((value, i) => (Number.isFinite(value) ? Number.isFinite(others[i]) : Object.is(value, others[i])));
}
