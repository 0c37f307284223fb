/** Judges every case of a file and prints what came out: node judge.mjs JUDGEMENT.mjs comparison.json */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const ARRAYS = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array, // the raw bits
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};
const [, , judgement, vectors] = process.argv;
const { compare, judge = compare } = await import(pathToFileURL(judgement));
const { named } = await import(new URL('fidelity.mjs', pathToFileURL(judgement)));
const { given } = await import(new URL('slices.mjs', pathToFileURL(judgement)));

/** {dtype, values: nested lists} as the tensor {dtype, shape, data} that a bundle reads from a file. */
function tensor({ dtype, values }) {
  const convert = { int64: BigInt, float16: halfBits }[dtype] ?? Number;
  return { dtype, shape: shapeOf(values), data: ARRAYS[dtype].from([values].flat(Infinity), convert) };
}

function shapeOf(values) {
  return Array.isArray(values) ? [values.length, ...(values.length ? shapeOf(values[0]) : [])] : [];
}

/** The bits of a number that half precision holds without rounding. */
function halfBits(text) {
  const value = Number(text);
  if (Number.isNaN(value)) return 0x7e00;
  const [sign, size] = [value < 0 || Object.is(value, -0) ? 0x8000 : 0, Math.abs(value)];
  if (size === Infinity) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | (size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | ((size / 2 ** exponent - 1) * 1024);
}

function judged({ declared, samples, again = {}, missing = [], extra = [], limit, limits }) {
  const read = (name, sample) => {
    const { actual, reference, eager = [reference] } = samples[sample][name];
    return [actual, reference, ...eager].map(tensor);
  };
  const checks = Object.entries(again).map(([check, changed]) => [check, reader(changed)]);
  const hasGraph = samples.some((sample) => Object.values(sample).some((pair) => pair.evaluated));
  const graph = (name, sample, word) => {
    const given = samples[sample][name][word ? 'rounded' : 'evaluated'];
    return given ? tensor(given) : null;
  };
  const answers = { declared, samples: samples.length, missing, extra, read, again: Object.fromEntries(checks) };
  if (hasGraph) answers.graph = graph;
  const found = judge(answers, limits ?? given(limit));
  return { ...found, named: named(found.outcome, found.outputs, { norm: 'max', ...limits }) };
}

function reader(changed) {
  return (name, sample) => (changed[sample]?.[name] ? tensor(changed[sample][name]) : null);
}

const { cases } = JSON.parse(readFileSync(vectors, 'utf8'));
console.log(JSON.stringify(Object.fromEntries(cases.map((each) => [each.name, judged(each)]))));
