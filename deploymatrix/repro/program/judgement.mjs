import { decisions, misdecided } from './decisions.mjs';
import { fidelity, infidelity, isIntact, unquantised } from './fidelity.mjs';
import { expectedValues, limitOf, limitsFor, measure, withRounding } from './slices.mjs';

/**
 * The matrix's comparison of what a runtime answered with the float64 reference, as numerics/compare.py of deploymatrix
 * makes it: by declared name; shape, dtype, non-finite values, then the values. Every output of every sample must pass.
 * tests/vectors/comparison.json holds the two to one judgement.
 *
 * The error of an output is max|y - y64| / max|y64|; slices.mjs does the same for each slice.
 */
const FLOATING = ['float16', 'float32', 'float64'];
const FAILURES = ['io_mismatch', 'nonfinite', 'reference_failed', 'mismatch']; // the first that any output has is the cell's
const NO_SUCH = 'no such output, or one of another shape'; // what a second reference may give
const NONFINITE = [
  ['NaN', Number.isNaN],
  ['+inf', (value) => value === Infinity],
  ['-inf', (value) => value === -Infinity],
];

/**
 * Compare all outputs of all samples; `limits` ({multiple, floor, ceiling, error}) bound the errors of floating-point
 * outputs.
 *
 * `answers`: {declared: [{name, dtype, shape}], samples: how many, missing: names, extra: names, read};
 * `read(name, sample)` gives [what the runtime answered, the float64 reference, eager float32's answer in each order],
 * each a tensor {dtype, shape, data} (float16 as raw bits). `graph(name, sample, word)`, where it is there, gives what a
 * quantised artifact comes to in exact arithmetic; with the word ".rounded" when it rounds on the way, or null.
 * Returns {outcome, detail, outputs: [{name, outcome, error, limit, headroom, worst, problem, fidelity}]}; what could not
 * be measured and the problem of an output that passed are null.
 */
export function compare(answers, limitsGiven) {
  const limits = withRounding(limitsGiven);
  const { declared, samples, missing, extra } = answers;
  if (missing.length || extra.length) return ioMismatch(nameProblem(missing, extra));
  if (!samples || !declared.length) return ioMismatch('nothing to compare: no samples or no outputs');
  const outputs = declared.map((output) => compareOutput(output, answers, limits));
  const outcome = FAILURES.find((name) => outputs.some((output) => output.outcome === name)) ?? 'passed';
  if (outcome === 'passed' && limits.reduced && isIntact(outputs)) return unquantised(outputs, shortFigure);
  const bad = outcome === 'passed' ? [] : outputs.filter((output) => output.outcome === outcome);
  return { outcome, detail: bad.map(({ name, problem }) => `${name}: ${problem}`).join('; '), outputs };
}

/** Return a figure to three significant digits, as Python's ".3g" writes it: 0.0625, 1e-05, 1.12 for 1.125. */
export function shortFigure(value) {
  if (value < 0) return `-${shortFigure(-value)}`;
  const digits = roundedDigits(value);
  const [figures, power] = digits.split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 3) return withoutZeros(Number(digits).toFixed(2 - exponent));
  return `${withoutZeros(figures)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function ioMismatch(detail) {
  return { outcome: 'io_mismatch', detail, outputs: [] };
}

function nameProblem(missing, extra) {
  const parts = [];
  if (missing.length) parts.push(`missing outputs: ${missing.join(', ')}`);
  if (extra.length) parts.push(`outputs that the signature does not name: ${extra.join(', ')}`);
  return parts.join('; ');
}

function compareOutput(output, answers, limitsOfAll) {
  const arrays = Array.from({ length: answers.samples }, (_, sample) => answers.read(output.name, sample));
  const limits = limitsFor(limitsOfAll, arrays[0][2].dtype);
  const exact = isExact(output.dtype) || isExact(arrays[0][1].dtype); // an artifact may answer integers as floats
  const unmeasured = () => {
    const limit = limitOf(limits, eagerError(output, arrays, limits));
    return { name: output.name, error: null, limit, headroom: null, worst: null };
  };
  for (const [sample, [actual, reference]] of arrays.entries()) {
    const problem = shapeProblem(actual, output, reference);
    if (problem) return { ...unmeasured(), outcome: 'io_mismatch', problem: `sample ${sample}: ${problem}` };
  }
  const lacking = output.ragged ? rowsProblem(arrays) : null;
  if (lacking) return { ...unmeasured(), outcome: 'mismatch', problem: lacking };
  for (const [sample, [actual, reference, eager]] of arrays.entries()) {
    const problem = nonfiniteProblem(values(actual), expected(reference, eager));
    if (problem) return { ...unmeasured(), outcome: 'nonfinite', problem: `sample ${sample}: ${problem}` };
  }
  return exact ? exactly(output, arrays, limits, answers) : measured(output, arrays, limits, answers);
}

/** An output of integers: equal to the reference, or of what is quantised decided as its graph does. */
function exactly(output, arrays, limits, answers) {
  const found = equal(output, arrays);
  if (limits.norm !== 'rms' || !answers.graph) return found;
  const [evaluated, rounded] = ofGraph(output.name, answers, arrays);
  if (!evaluated) return { ...found, outcome: 'reference_failed', problem: unproven(NO_SUCH) };
  const [actual, reference] = [0, 1].map((which) => arrays.map((each) => elements(each[which])));
  const given = { actual, reference, evaluated: evaluated.map(elements), rounded: rounded?.map(elements) };
  const decided = decisions(given, limits);
  const problem = misdecided(decided, shortFigure);
  return { ...found, outcome: problem ? 'mismatch' : 'passed', problem, decisions: decided };
}

/** An output that is compared exactly. */
function equal({ name }, arrays) {
  const error = Math.max(...arrays.map(([actual, reference]) => relativeError(actual, reference)));
  const problem = error ? `error ${shortFigure(error)} is over the limit 0` : null;
  return { name, outcome: error ? 'mismatch' : 'passed', error, limit: 0, headroom: null, worst: null, problem };
}

function measured({ name }, arrays, limits, answers) {
  const stack = stacked(arrays);
  const { error, eager, limit, worst } = measure(stack, limits);
  const unjudged = referenceProblem(limits, eager, limit);
  const own = unjudged ?? (worst.share <= 1 ? null : overTheLimit(error, limit, worst, limits.norm));
  const [second, unproven] = limits.norm === 'rms' ? secondVerdict(name, answers, arrays, stack, limits) : [null, null];
  const problems = unproven ? [unproven] : [own, second && infidelity(second, shortFigure)].filter(Boolean);
  const outcome = unjudged || unproven ? 'reference_failed' : problems.length ? 'mismatch' : 'passed';
  const problem = problems.join('; ') || null;
  return { name, outcome, error, limit, headroom: worst.share, worst, problem, eager, fidelity: second };
}

/**
 * Return whether the runtime runs the graph that it was given, and why what answers for the graph proves nothing; null
 * where nothing answers, and where it proves something.
 */
function secondVerdict(name, answers, arrays, stack, limits) {
  if (!answers.graph) return [null, null];
  const shapes = arrays.map(([actual]) => actual.shape);
  const [evaluated, rounded] = ofGraph(name, answers, arrays).map((each) => each && padded(each.map(values), shapes));
  if (!evaluated) return [null, unproven(NO_SUCH)];
  const found = fidelity({ ...stack, evaluated, rounded, samples: answers.samples }, limits);
  return found ? [found, null] : [null, unproven('values that are not finite')];
}

/** Return the tensors that the graph gives, in exact arithmetic and rounded on the way; null for those of other shapes. */
function ofGraph(name, { graph, samples }, arrays) {
  return ['', '.rounded'].map((word) => {
    const tensors = Array.from({ length: samples }, (_, sample) => graph(name, sample, word));
    const alike = tensors.every((tensor, sample) => tensor && sameShape(tensor.shape, arrays[sample][0].shape));
    return alike ? tensors : null;
  });
}

function unproven(what) {
  return `the quantised graph in exact arithmetic gives ${what}`;
}

function overTheLimit(error, limit, { axis, index, far, ...worst }, norm) {
  const over = (whose) => `error ${shortFigure(worst.error)} is over ${whose} limit ${shortFigure(worst.limit)}`;
  if (far) return `values far out of its range: ${over('their')}`;
  const where = `axis ${axis}, slice ${index}`;
  if (norm === 'rms') {
    const [ratio, least] = [worst.error, worst.limit].map((noise) => shortFigure(-20 * Math.log10(noise)));
    const part = `sample ${worst.sample}${axis === null ? '' : `, ${where}`}`;
    return `${part}: the signal-to-noise ratio ${ratio} dB is under the limit ${least} dB`;
  }
  if (error <= limit) return `${where}: ${over('its')}`;
  const flat = `error ${shortFigure(error)} is over the limit ${shortFigure(limit)}`;
  return axis === null ? flat : `${flat}, worst in ${where}`;
}

/** Return why nobody can be judged by a reference of which eager float32 is that far off; null if one can. */
function referenceProblem({ multiple, ceiling, error }, eager, limit) {
  const off = `eager float32 is off by ${shortFigure(eager)}`;
  if (error === null && multiple * eager > ceiling) {
    const times = `${shortFigure(multiple)} times that is over the ceiling ${shortFigure(ceiling)}`;
    return `too ill-conditioned to judge: ${off}, and ${times}`;
  }
  if (eager <= limit) return null;
  return `${off} itself, over the limit ${shortFigure(limit)}; no exporter can be blamed for that`;
}

function eagerError(output, arrays, limits) {
  if (isExact(arrays[0][1].dtype)) {
    return Math.max(
      ...arrays.flatMap(([, reference, ...eager]) => eager.map((each) => relativeError(each, reference))),
    );
  }
  return measure(stacked(arrays.map(([, reference, ...eager]) => [reference, reference, ...eager])), limits).eager;
}

/**
 * Put all samples of an output together. Samples of several sizes are laid into the largest, with NaN around them, which
 * is no ordinary value.
 */
function stacked(arrays) {
  const shapes = arrays.map(([, reference]) => reference.shape);
  const joined = (each) => padded(each, shapes);
  return {
    actual: joined(arrays.map(([actual]) => values(actual))),
    expected: joined(arrays.map(([, reference, eager]) => expected(reference, eager))),
    eager: arrays[0].slice(2).map((_, order) => joined(arrays.map((each) => values(each[2 + order])))),
    samples: arrays.length,
    shape: largestOf(shapes),
  };
}

function padded(arrays, shapes) {
  const shape = largestOf(shapes);
  const laid = (array, sample) => (sameShape(shapes[sample], shape) ? array : inside(array, shapes[sample], shape));
  return Float64Array.from(arrays.flatMap((array, sample) => [...laid(array, sample)]));
}

function largestOf(shapes) {
  return shapes[0].map((_, axis) => Math.max(...shapes.map((sizes) => sizes[axis])));
}

/** Lay an array of these sizes into a larger one, at its beginning along each axis, with NaN around it. */
function inside(array, sizes, largest) {
  const laid = new Float64Array(largest.reduce((all, size) => all * size, 1)).fill(NaN);
  array.forEach((value, at) => {
    let [rest, to, stride] = [at, 0, 1];
    for (let axis = sizes.length - 1; axis >= 0; axis -= 1) {
      to += (rest % sizes[axis]) * stride;
      rest = Math.floor(rest / sizes[axis]);
      stride *= largest[axis];
    }
    laid[to] = value;
  });
  return laid;
}

/** Return where an answer has not as many rows as the reference; null where all have. */
function rowsProblem(arrays) {
  for (const [sample, [{ shape: [answered] }, { shape: [expected] }]] of arrays.entries()) {
    const rows = answered === 1 ? '1 row' : `${answered} rows`;
    if (answered !== expected) return `sample ${sample}: ${rows}, the reference has ${expected}`;
  }
  return null;
}

function expected(reference, eager) {
  if (isExact(reference.dtype)) return values(reference);
  return expectedValues(values(reference), values(eager), eager.dtype);
}

function shapeProblem(actual, output, reference) {
  const rows = output.ragged ? 1 : 0; // of axes whose size is another matter
  if (!fits(output.ragged ? [null, ...output.shape.slice(1)] : output.shape, actual.shape)) {
    return `shape is ${listed(actual.shape)}, declared ${listed(output.shape)}`;
  }
  if (actual.dtype !== output.dtype) return `dtype is ${actual.dtype}, declared ${output.dtype}`;
  if (!sameShape(actual.shape.slice(rows), reference.shape.slice(rows))) {
    return `shape is ${listed(actual.shape)}, as the signature says, but the model's is ${listed(reference.shape)}`;
  }
  return null;
}

function nonfiniteProblem(actual, reference) {
  for (const [name, test] of NONFINITE) {
    let wrong = 0;
    for (let index = 0; index < actual.length; index++) {
      if (test(actual[index]) !== test(reference[index])) wrong += 1;
    }
    if (wrong) return `${wrong} of ${actual.length} elements differ from the reference in being ${name}`;
  }
  return null;
}

/**
 * Return max|a - r| / max|r| over the finite elements, as Numbers; where r is 0 everywhere, not normalised.
 * Integers that differ are at least 1 apart. What overflows is the largest Number.
 */
export function relativeError(actual, reference) {
  const [answered, expected] = [values(actual), values(reference)];
  const integers = isExact(reference.dtype);
  // Above 2**53, Numbers cannot tell neighbours apart: two integers are compared as they are, a float as a float.
  const [left, right] = isExact(actual.dtype) ? [actual.data, reference.data] : [answered, expected];
  let largest = 0;
  let scale = 0;
  for (let index = 0; index < expected.length; index++) {
    if (!Number.isFinite(expected[index])) continue;
    const difference = Math.abs(answered[index] - expected[index]);
    const equal = left[index] == right[index]; // eslint-disable-line eqeqeq -- BigInt and Number, exactly
    largest = Math.max(largest, integers ? (equal ? 0 : Math.max(difference, 1)) : difference);
    scale = Math.max(scale, Math.abs(expected[index]));
  }
  return Math.min(scale > 0 ? largest / scale : largest, Number.MAX_VALUE);
}

/** Integers and booleans are compared exactly. */
export function isExact(dtype) {
  return !FLOATING.includes(dtype);
}

/** Return a tensor's elements, integers as they are. */
function elements(tensor) {
  return isExact(tensor.dtype) ? tensor.data : values(tensor);
}

/** Return a tensor's elements as Numbers; float16 comes as raw bits. */
export function values({ dtype, data }) {
  return Float64Array.from(data, dtype === 'float16' ? half : Number);
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14);
}

function sameShape(left, right) {
  return left.length === right.length && left.every((size, axis) => size === right[axis]);
}

/** Tell whether an array of these sizes has a shape, in which a dim's name has one size and null has any. */
function fits(shape, sizes) {
  const bound = {};
  return (
    shape.length === sizes.length &&
    shape.every((size, axis) => size === null || sizes[axis] === (typeof size === 'string' ? (bound[size] ??= sizes[axis]) : size))
  );
}

export function listed(shape) {
  return `[${shape.map((size) => size ?? '?').join(', ')}]`;
}

/** Return "d.dde±x"; toExponential rounds a tie up, Python to the even digit. */
function roundedDigits(value) {
  const [all, power] = value.toExponential(60).split('e');
  const isTie = /^\d\.\d[02468]50*$/.test(all);
  return isTie ? `${all.slice(0, 4)}e${power}` : value.toExponential(2);
}

function withoutZeros(digits) {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
