/** .tflite files in LiteRT.js. */
import { calm } from './stderr.mjs';

const CORE = '/packages/@litertjs/core/';
// What it says begins with what it is. The list of operators that a graphics processor leaves to WebAssembly is called an
// error, too, and is none: it answers.
const NO_ERROR = /^(VERBOSE|INFO|WARNING):/;
const LIST = { begin: /^ERROR: Following operations are not supported by GPU delegate:/, end: /will run on the GPU/ };
let isListing = false;

calm((line) => {
  const isListed = isListing || LIST.begin.test(line);
  isListing = isListed && !LIST.end.test(line);
  return isListed || NO_ERROR.test(line);
});

export async function load(artifact, { accelerator, threads }) {
  const { loadAndCompile, loadLiteRt, Tensor } = await import(`${CORE}dist/index.js`);
  // Only the build that can wait in WebAssembly reads back what the graphics processor computed for it to go on with.
  await loadLiteRt(`${CORE}wasm/`, accelerator === 'webgpu' ? { jspi: true } : { threads: true });
  const options = { accelerator, cpuOptions: { numThreads: threads }, gpuOptions: { precision: 'fp32' } };
  const model = await loadAndCompile(artifact, options);
  return { Tensor, model };
}

/** Inputs and outputs by their names in the signature. */
export async function run({ Tensor, model }, inputs) {
  const given = Object.entries(inputs).map(([name, { shape, data }]) => [name, new Tensor(data, shape)]);
  const outputs = await model.run(Object.fromEntries(given));
  const plain = async ([name, tensor]) => [name, await told(tensor)];
  return Object.fromEntries(await Promise.all(Object.entries(outputs).map(plain)));
}

export function describe({ model }) {
  return { inputs: described(model.getInputDetails()), outputs: described(model.getOutputDetails()) };
}

function described(tensors) {
  return Object.fromEntries(tensors.map(({ name, dtype, shape }) => [name, { dtype, shape: [...shape] }]));
}

async function told(tensor) {
  const { dtype, layout } = tensor.type;
  return { dtype, shape: [...layout.dimensions], data: await tensor.data() };
}
