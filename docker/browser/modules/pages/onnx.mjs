/** .onnx files in ONNX Runtime Web. */
import { calm } from './stderr.mjs';

const DIST = '/packages/onnxruntime-web/dist/';
const NO_ERROR = /\[[VIW]:onnxruntime:/; // verbose, information, warning

calm((line) => NO_ERROR.test(line));

export async function load(artifact, { provider, threads }) {
  const ort = await import(`${DIST}ort.${provider}.min.mjs`);
  ort.env.wasm.wasmPaths = DIST;
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(artifact, { executionProviders: [provider] });
  if (ort.env.wasm.numThreads !== threads) throw new Error(`${ort.env.wasm.numThreads} threads came of ${threads}`);
  return { ort, session };
}

/** Inputs and outputs by their names in the graph. */
export async function run({ ort, session }, inputs) {
  const feeds = mapped(inputs, ({ dtype, shape, data }) => new ort.Tensor(dtype, data, shape));
  return mapped(await session.run(feeds), ({ type, dims, data }) => ({ dtype: type, shape: dims, data }));
}

export function describe({ session }) {
  return { inputs: described(session.inputMetadata), outputs: described(session.outputMetadata) };
}

function described(tensors) {
  return Object.fromEntries(tensors.map(({ name, type, shape }) => [name, { dtype: type ?? null, shape: shape ?? null }]));
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
