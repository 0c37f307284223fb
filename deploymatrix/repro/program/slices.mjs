/**
 * Errors of one floating-point output: of the whole, of each slice along each axis, and of the values that stand far
 * out, as numerics/slices.py, outliers.py and limits.py of deploymatrix measure them; they say what the words mean.
 *
 * All samples lie one after the other in one Float64Array; so do the slices of all samples.
 */
const LEAST = 5e3;
const GAP = 100;
const LARGEST = { float16: 65504, float32: 3.4028234663852886e38, float64: Number.MAX_VALUE };

// What errors are measured by: of each sample, of each slice along an axis; how far chance goes in so many values.
const NORMS = {
  max: { each: (array, samples, shape) => largest(array, samples, shape, null), along: largest, luck: () => 1 },
  rms: { each: rootsOfEach, along: rootsAlong, luck: (values) => 1 + 3 / Math.sqrt(2 * Math.max(values, 1)) },
};

/** Return the limits of a bundle, with the share of rounding and the norm where it says none. */
export function withRounding(limits) {
  return { error: null, rounding: 2 ** -22, norm: 'max', ...limits };
}

/** Return the limits where eager's answers are not known: one figure for the whole and for every slice. */
export function given(limit) {
  return { multiple: 0, floor: limit, ceiling: limit, error: null, rounding: limit / 16 };
}

/** Return the limits of an output that eager itself gives in a dtype: float16 rounds more than float32 does. */
export function limitsFor(limits, dtype) {
  if (dtype !== 'float16' || limits.error !== null || limits.norm === 'rms') return limits;
  const floor = Math.max(limits.floor, 2 ** -9);
  return { ...limits, multiple: 0, floor, ceiling: floor, rounding: Math.max(limits.rounding, 2 ** -10) };
}

/** Return the limit of a whole output, given eager float32's own error. */
export function limitOf(limits, eager) {
  return limits.error ?? derived(limits, eager);
}

function derived({ multiple, floor, ceiling }, eager) {
  return Math.min(Math.max(multiple * eager, floor), ceiling);
}

/** Return the reference, and where it is beyond eager's dtype, eager's own answer; both are Float64Arrays. */
export function expectedValues(reference, eager, dtype) {
  const largest = LARGEST[dtype];
  return largest === undefined
    ? reference
    : reference.map((value, index) => (Math.abs(value) > largest ? eager[index] : value));
}

/**
 * Measure one output. `actual` and `expected` are all samples together, `eager` the answers of each order; `shape` is
 * that of one sample.
 *
 * Returns {error, eager, limit, worst: {axis, index, far, sample, error, limit, share, position}}.
 */
export function measure({ actual, expected, eager, samples, shape }, limits) {
  const far = farOut(expected);
  const ordinary = ordinaryOf(expected, far);
  const size = expected.map((value, index) => (ordinary[index] ? Math.abs(value) : 0));
  const error = difference(actual, expected, ordinary);
  const noise = largestOf(eager.map((answer) => difference(answer, expected, ordinary)));
  const norm = NORMS[limits.norm];
  const amplitude = usualSize(norm.each(size, samples, shape), limits.norm);
  const eagerError = Math.max(...norm.each(noise, samples, shape).map((value, i) => value / amplitude[i]));
  const output = { samples, shape, error, noise, size, amplitude, eagerError, norm };
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] > 1);
  const parts = [whole(output, limits), ...axes.map((axis) => along(output, axis, limits))];
  if (far.some(Boolean)) parts.push(farValues({ actual, expected, eager, samples, shape, far }, limits));
  const worst = worstOf(parts, samples, shape);
  const errors = parts[0].error.map((value, i) => capped(value / parts[0].scale[i]));
  return { error: Math.max(...errors), eager: capped(eagerError), limit: limitOf(limits, capped(eagerError)), worst };
}

/** Return for each value whether it is finite and does not stand far out. */
export function ordinaryOf(expected, far = farOut(expected)) {
  return expected.map((value, index) => (Number.isFinite(value) && !far[index] ? 1 : 0));
}

/** Return for each value whether it stands far out: all beyond the first gap in the sorted magnitudes. */
function farOut(expected) {
  const size = expected.map(Math.abs);
  const magnitudes = size.filter(Number.isFinite);
  if (!magnitudes.some((value) => value >= LEAST)) return new Uint8Array(expected.length);
  magnitudes.sort();
  const gap = magnitudes.findIndex((value, i) => {
    const below = i ? magnitudes[i - 1] : 0;
    return value >= LEAST && below > 0 && value >= GAP * below;
  });
  const threshold = gap < 0 ? Infinity : magnitudes[gap];
  return Uint8Array.from(size, (value) => (Number.isFinite(value) && value >= threshold ? 1 : 0));
}

function whole({ error, samples, shape, amplitude, eagerError, norm }, limits) {
  return {
    axis: null,
    far: false,
    elements: error,
    error: norm.each(error, samples, shape),
    scale: amplitude,
    allowed: amplitude.map((value) => limitOf(limits, eagerError) * value),
  };
}

function along({ samples, shape, error, noise, size, amplitude, eagerError, norm }, axis, limits) {
  const count = shape[axis];
  const factor = limitOf(limits, eagerError) / derived(limits, eagerError);
  const scale = scales(norm.along(size, samples, shape, axis), amplitude, count);
  const likely = likelyNoise(norm.along(noise, samples, shape, axis), scale, count, limits);
  const luck = norm.luck(error.length / count);
  const allowed = likely.map((value, at) => {
    const least = Math.max(limits.floor * scale[at], limits.rounding * amplitude[Math.floor(at / count)]);
    return Math.max(limits.multiple * value, least) * factor * luck;
  });
  return { axis, far: false, elements: error, error: norm.along(error, samples, shape, axis), scale, allowed };
}

function farValues({ actual, expected, eager, samples, shape, far }, limits) {
  const relative = (answer) =>
    difference(answer, expected, far).map((value, i) => (far[i] ? value / Math.abs(expected[i]) : value));
  const elements = relative(actual);
  const noise = Math.max(...largest(largestOf(eager.map(relative)), samples, shape, null));
  const scale = new Float64Array(samples).fill(1);
  const allowed = scale.map(() => limitOf(limits, noise));
  return { axis: null, far: true, elements, error: largest(elements, samples, shape, null), scale, allowed };
}

function scales(size, amplitude, count) {
  const [share, most] = [new Float64Array(count), new Float64Array(count)];
  size.forEach((value, at) => {
    share[at % count] = Math.max(share[at % count], value / amplitude[Math.floor(at / count)]);
    most[at % count] = Math.max(most[at % count], value);
  });
  return size.map((value, at) => {
    const usual = share[at % count] * amplitude[Math.floor(at / count)];
    return Math.max(value, Math.min(usual, most[at % count]));
  });
}

function likelyNoise(noise, scale, count, { multiple, ceiling }) {
  const unit = scale.map((value) => (value > 0 ? value : 1));
  const relative = new Float64Array(count);
  noise.forEach((value, at) => {
    relative[at % count] = Math.max(relative[at % count], value / unit[at]);
  });
  const usual = relative.slice().sort()[Math.floor((9 * (count - 1)) / 10)];
  const lent = Math.min(usual, multiple > 0 ? ceiling / multiple : 0);
  return unit.map((value, at) => Math.max(value * relative[at % count], scale[at] * lent));
}

function worstOf(parts, samples, shape) {
  let worst = null;
  for (const part of parts) {
    part.error.forEach((error, at) => {
      const share = capped(error > 0 ? error / part.allowed[at] : 0);
      if (worst === null || share > worst.share) worst = { part, at, share };
    });
  }
  const { part, at, share } = worst;
  const count = part.error.length / samples;
  const [sample, index] = [Math.floor(at / count), part.axis === null ? null : at % count];
  const inUnit = (value) => capped(part.scale[at] > 0 ? value / part.scale[at] : value);
  return {
    axis: part.axis,
    index,
    far: part.far,
    sample,
    error: inUnit(part.error[at]),
    limit: inUnit(part.allowed[at]),
    share,
    position: position(part.elements, sample, part.axis, index, shape),
  };
}

/** Return the index of the first of the largest errors in a slice. */
function position(elements, sample, axis, index, shape) {
  const [each, coordinate] = [product(shape), coordinates(shape)];
  let [found, most] = [-1, -1];
  for (let at = 0; at < each; at++) {
    const inside = axis === null || coordinate(at, axis) === index;
    if (inside && elements[sample * each + at] > most) [found, most] = [at, elements[sample * each + at]];
  }
  return found < 0 ? [] : shape.map((_, along) => coordinate(found, along));
}

/** Return the largest element of each slice of each sample along an axis; of each sample, where that is null. */
function largest(array, samples, shape, axis) {
  const count = axis === null ? 1 : shape[axis];
  const [each, coordinate] = [product(shape), coordinates(shape)];
  const found = new Float64Array(samples * count);
  array.forEach((value, at) => {
    const slice = axis === null ? 0 : coordinate(at % each, axis);
    const to = Math.floor(at / each) * count + slice;
    found[to] = Math.max(found[to], value);
  });
  return found;
}

/** Return the root of the mean square of each slice of all samples along an axis, again for each sample. */
function rootsAlong(array, samples, shape, axis) {
  const [count, each, coordinate] = [shape[axis], product(shape), coordinates(shape)];
  const slices = Array.from({ length: count }, () => []);
  array.forEach((value, at) => slices[coordinate(at % each, axis)].push(value));
  const roots = slices.map(rootOfSquares);
  return Float64Array.from({ length: samples * count }, (_, at) => roots[at % count]);
}

/** Return the root of the mean square of each sample. */
function rootsOfEach(array, samples, shape) {
  const each = product(shape);
  return Float64Array.from({ length: samples }, (_, i) => rootOfSquares(array.subarray(i * each, (i + 1) * each)));
}

/** Return the root of the mean square of magnitudes, so that no square overflows; 0 where there is none. */
export function rootOfSquares(magnitudes) {
  const unit = magnitudes.reduce((most, value) => Math.max(most, value), 0);
  if (!(unit > 0)) return 0;
  return Math.sqrt(magnitudes.reduce((sum, value) => sum + (value / unit) ** 2, 0) / magnitudes.length) * unit;
}

/** Return what errors of each sample are relative to: of noise the root of the mean square of all samples together. */
function usualSize(sizes, norm) {
  const all = norm === 'rms' ? sizes.fill(rootOfSquares(sizes)) : sizes;
  return all.map((value) => (value > 0 ? value : 1));
}

/** Return a function that gives the index of an element along an axis. */
function coordinates(shape) {
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1)));
  return (at, axis) => Math.floor(at / strides[axis]) % shape[axis];
}

function product(sizes) {
  return sizes.reduce((all, size) => all * size, 1);
}

function difference(answer, expected, where) {
  return answer.map((value, index) => (where[index] ? Math.abs(value - expected[index]) : 0));
}

function largestOf(arrays) {
  return arrays.reduce((all, array) => all.map((value, index) => Math.max(value, array[index])));
}

function capped(value) {
  return Math.min(value, Number.MAX_VALUE);
}
