/** Tensors `{dtype, shape, data}`: which array type holds which dtype, and the cast that refuses to change a value. */

export const ARRAYS = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array, // the raw bits
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

const WIDE = new Set(['int64', 'uint64']); // held as BigInt
const FLOATING = new Set(['float64', 'float32']);

/**
 * Return `tensor` as `dtype`. Throws where a value would not survive.
 * Between floating types values are rounded, as a narrower variant needs it: only finite must stay finite.
 */
export function cast(tensor, dtype, name) {
  if (tensor.dtype === dtype) return tensor;
  if (!(dtype in ARRAYS) || [tensor.dtype, dtype].includes('float16')) {
    throw new TypeError(`input '${name}': cannot cast ${tensor.dtype} to ${dtype} in Node`);
  }
  const data = new ARRAYS[dtype](tensor.data.length);
  const rounding = FLOATING.has(tensor.dtype) && FLOATING.has(dtype);
  tensor.data.forEach((value, index) => {
    data[index] = stored(value, dtype) ?? data[index];
    if (!survived(value, data[index], rounding) || (dtype === 'bool' && data[index] > 1)) {
      throw new RangeError(`input '${name}': ${tensor.dtype} value ${value}, which ${dtype} cannot hold`);
    }
  });
  return { dtype, shape: tensor.shape, data };
}

/** Return the value in the array's own kind of number; undefined for a fraction that should become a BigInt. */
function stored(value, dtype) {
  if (!WIDE.has(dtype)) return Number(value);
  return typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value) : undefined;
}

function survived(before, after, rounding) {
  if (rounding) return Number.isFinite(before) === Number.isFinite(after);
  return before == after; // eslint-disable-line eqeqeq -- compares BigInt and Number by their exact values
}

/** Return the tensors, by name, with data of their own. */
export function copied(tensors) {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, { ...t, data: t.data.slice() }]));
}

/** Return whether two tensors are the same bit by bit, NaN included. */
export function identical(tensor, other) {
  const [bytes, others] = [tensor, other].map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return tensor.dtype === other.dtype && String(tensor.shape) === String(other.shape) && bytes.equals(others);
}

/** Return the outputs of run() as copies. Throws TypeError unless they are an object of name to well-formed tensor. */
export function checked(outputs) {
  if (typeof outputs !== 'object' || outputs === null || Array.isArray(outputs)) {
    throw new TypeError('run() must return an object of name to {dtype, shape, data}');
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, wellFormed(name, tensor)]));
}

function wellFormed(name, tensor) {
  const { dtype, shape, data } = tensor ?? {};
  const array = ARRAYS[dtype];
  if (!array || !Array.isArray(shape) || !(data instanceof array)) {
    throw new TypeError(`run() must return {dtype, shape, data} as '${name}', data a typed array of dtype`);
  }
  const size = shape.reduce((product, length) => product * length, 1);
  if (data.length !== size) throw new TypeError(`output '${name}': ${data.length} values in shape [${shape}]`);
  return { dtype, shape: [...shape], data: data.slice() };
}
