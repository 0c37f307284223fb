/** TensorFlow.js graph models, on the backend that a target wants. */
const BACKENDS = '/packages/@tensorflow/tfjs-backend-';
const INTEGERS = Object.fromEntries(['DT_INT32', 'DT_INT64', 'DT_INT8', 'DT_UINT8'].map((name) => [name, 'int32']));
const DTYPES = { DT_FLOAT: 'float32', DT_BOOL: 'bool', ...INTEGERS };

/** artifact: the address of a folder with model.json and its weight shards. */
export async function load(artifact, { backend }) {
  await import('/packages/@tensorflow/tfjs-core/dist/tf-core.min.js'); // scripts, each of which adds to a global tf
  await import('/packages/@tensorflow/tfjs-converter/dist/tf-converter.min.js');
  await import(`${BACKENDS}${backend}/dist/tf-backend-${backend}.min.js`);
  const { tf } = globalThis;
  if (backend === 'wasm') tf.wasm.setWasmPaths(`${BACKENDS}wasm/dist/`);
  else tf.env().set(`${backend.toUpperCase()}_CPU_FORWARD`, false); // else small tensors are computed in JavaScript
  if (!(await tf.setBackend(backend)) || tf.getBackend() !== backend) throw new Error(`there is no backend ${backend}`);
  const model = await tf.loadGraphModel(`${artifact}/model.json`);
  return { tf, model, signature: model.modelSignature ?? nodes(model) };
}

/** Inputs and outputs by their names in the signature of model.json. */
export async function run({ tf, model, signature }, inputs) {
  const names = Object.keys(signature.outputs);
  const given = Object.entries(inputs).map(([name, { dtype, shape, data }]) => {
    if (!(name in signature.inputs)) throw new Error(`the model has no input ${name}`);
    return [signature.inputs[name].name, tf.tensor(data, shape, dtype)];
  });
  const results = [await model.executeAsync(Object.fromEntries(given), names.map((name) => signature.outputs[name].name))];
  const outputs = await Promise.all(results.flat().map(plain)); // one output comes without an array
  tf.dispose([given.map(([, tensor]) => tensor), results]);
  return Object.fromEntries(names.map((name, index) => [name, outputs[index]]));
}

/** Inputs and outputs by their names in the signature. TF.js runs all integers as int32. */
export function describe({ signature }) {
  return { inputs: described(signature.inputs), outputs: described(signature.outputs) };
}

function described(tensors) {
  const told = ([name, { dtype, tensorShape: shape }]) => {
    const sizes = shape && !shape.unknownRank ? (shape.dim ?? []).map(({ size }) => Number(size)) : null;
    return [name, { dtype: DTYPES[dtype] ?? null, shape: sizes }];
  };
  return Object.fromEntries(Object.entries(tensors).map(told));
}

/** A signature for a model.json that has none: its nodes by their own names. */
function nodes({ inputs, outputs }) {
  const named = (list) => Object.fromEntries(list.map(({ name }) => [name, { name }]));
  return { inputs: named(inputs), outputs: named(outputs) };
}

async function plain(tensor) {
  return { dtype: tensor.dtype, shape: tensor.shape, data: await tensor.data() };
}
