// Runs an .onnx file with ONNX Runtime Web on WebAssembly, in plain Node. A tensor is {dtype, shape, data}.

import { createRequire } from 'node:module';

const require = createRequire(`${process.env.DEPLOYMATRIX_NODE_MODULES}/`);
const ort = require('onnxruntime-web');

export const VERSIONS = ['onnxruntime-web'];

export async function load(payload) {
  ort.env.wasm.numThreads = Number(process.env.DEPLOYMATRIX_THREADS ?? 1); // counts for the first session of a process
  return ort.InferenceSession.create(payload, { executionProviders: ['wasm'] });
}

/** Inputs and outputs by their names in the graph. */
export async function run(session, inputs) {
  const given = ([name, { dtype, shape, data }]) => [name, new ort.Tensor(dtype, data, shape)];
  const results = await session.run(Object.fromEntries(Object.entries(inputs).map(given)));
  const plain = ([name, { type, dims, data }]) => [name, { dtype: type, shape: [...dims], data }];
  return Object.fromEntries(Object.entries(results).map(plain));
}

/** Inputs and outputs by their names in the graph. */
export function describe({ inputMetadata, outputMetadata }) {
  return { inputs: described(inputMetadata), outputs: described(outputMetadata) };
}

function described(tensors) {
  return Object.fromEntries(tensors.map(({ name, type, shape }) => [name, { dtype: type ?? null, shape: shape ?? null }]));
}
