/**
 * NumPy's .npy files: little-endian, C order, format versions 1.0 to 3.0 in, 1.0 out.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { ARRAYS } from './tensors.mjs';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGNMENT = 64;
const DESCRIPTIONS = {
  float64: '<f8',
  float32: '<f4',
  float16: '<f2',
  int64: '<i8',
  int32: '<i4',
  int16: '<i2',
  int8: '|i1',
  uint64: '<u8',
  uint32: '<u4',
  uint16: '<u2',
  uint8: '|u1',
  bool: '|b1',
};

/** Return the tensor in a file. Throws for another byte order, Fortran order, an unknown dtype or a truncated file. */
export function readNpy(path) {
  const file = readFileSync(path);
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error(`${path} is not a .npy file`);
  const wide = file[6] > 1; // from version 2.0 on the header's length has four bytes
  const begin = wide ? 12 : 10;
  const end = begin + (wide ? file.readUInt32LE(8) : file.readUInt16LE(8));
  const { dtype, shape } = parsed(file.toString('latin1', begin, end), path);
  const array = ARRAYS[dtype];
  const size = shape.reduce((product, length) => product * length, 1);
  const bytes = size * array.BYTES_PER_ELEMENT;
  if (file.length - end !== bytes) throw new Error(`${path}: ${file.length - end} bytes of data, expected ${bytes}`);
  const aligned = new Uint8Array(file.subarray(end)).buffer;
  return { dtype, shape, data: new array(aligned) };
}

function parsed(header, path) {
  const description = /'descr': '([^']+)'/.exec(header)?.[1];
  const dtype = Object.keys(DESCRIPTIONS).find((name) => DESCRIPTIONS[name] === description);
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (dtype === undefined || shape === undefined || !/'fortran_order': False/.test(header)) {
    throw new Error(`${path}: cannot read a tensor of ${header.trim()}`);
  }
  return { dtype, shape: shape.split(',').map((part) => part.trim()).filter(Boolean).map(Number) };
}

export function writeNpy(path, { dtype, shape, data }) {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${DESCRIPTIONS[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((MAGIC.length + 4 + header.length + 1) / ALIGNMENT) * ALIGNMENT - MAGIC.length - 4;
  const prefix = Buffer.alloc(4);
  prefix[0] = 1;
  prefix.writeUInt16LE(length, 2);
  const padded = Buffer.from(`${header.padEnd(length - 1)}\n`, 'latin1');
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  writeFileSync(path, Buffer.concat([MAGIC, prefix, padded, bytes]));
}
