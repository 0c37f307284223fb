/** Tensors `{dtype, shape, data}` as bytes, and back: a line of JSON, then the data of each. Page and Node share it. */

const ARRAYS = {
  float64: ['Float64Array'],
  float32: ['Float32Array'],
  float16: ['Uint16Array', 'Float16Array'], // the raw bits, as the worker has them, or what newer engines have for them
  int64: ['BigInt64Array'],
  int32: ['Int32Array'],
  int16: ['Int16Array'],
  int8: ['Int8Array'],
  uint64: ['BigUint64Array'],
  uint32: ['Uint32Array'],
  uint16: ['Uint16Array'],
  uint8: ['Uint8Array'],
  bool: ['Uint8Array'],
};

/** Return the tensors, by name, as bytes: no value passes through text. Throws for data of another type or size. */
export function encode(tensors) {
  const heads = Object.entries(tensors).map(([name, tensor]) => head(name, tensor));
  const line = new TextEncoder().encode(`${JSON.stringify(heads)}\n`);
  const bytes = new Uint8Array(heads.reduce((total, each) => total + each.bytes, line.length));
  bytes.set(line);
  let at = line.length;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** Return the tensors, each with data of its own. Throws for bytes that are too few or too many. */
export function decode(bytes) {
  let at = bytes.indexOf(10) + 1;
  const heads = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at)));
  const tensors = {};
  for (const { name, dtype, shape, bytes: size } of heads) {
    const data = new globalThis[ARRAYS[dtype][0]](bytes.slice(at, at + size).buffer);
    head(name, { dtype, shape, data });
    tensors[name] = { dtype, shape, data };
    at += size;
  }
  if (at !== bytes.length) throw new RangeError(`tensors of ${at} bytes came as ${bytes.length}`);
  return tensors;
}

function head(name, { dtype, shape, data }) {
  const kind = data?.constructor?.name;
  if (!ARRAYS[dtype]?.includes(kind)) throw new TypeError(`'${name}' is ${dtype}, and its data a ${kind}`);
  const size = shape.reduce((product, length) => product * length, 1);
  if (data.length !== size) throw new RangeError(`'${name}': ${data.length} values in shape [${shape}]`);
  return { name, dtype, shape: [...shape], bytes: data.byteLength };
}
