// Runs a TensorFlow.js graph model on the cpu backend, in plain Node. A tensor is {dtype, shape, data}.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(`${process.env.DEPLOYMATRIX_NODE_MODULES}/`);
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
require("@tensorflow/tfjs-backend-cpu");

export const VERSIONS = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-converter", "@tensorflow/tfjs-backend-cpu"];
// Operators for which a graph needs executeAsync(): model_analysis.ts of tfjs-converter 4.22.0.
const ASYNCHRONOUS = new Set([
  ...["Switch", "Merge", "Enter", "Exit", "NextIteration", "StatelessIf", "StatelessWhile", "If", "While"],
  ...["NonMaxSuppressionV2", "NonMaxSuppressionV3", "NonMaxSuppressionV5", "Where"],
  ...["HashTable", "HashTableV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSize", "LookupTableSizeV2"],
]);
const INTEGERS = Object.fromEntries(["DT_INT32", "DT_INT64", "DT_INT8", "DT_UINT8"].map((name) => [name, "int32"]));
const DTYPES = { DT_FLOAT: "float32", DT_BOOL: "bool", ...INTEGERS };

/** payload: a folder with model.json and its weight shards. */
export async function load(payload) {
  await tf.setBackend("cpu");
  const files = await artifacts(payload);
  const model = await loadGraphModel({ load: async () => files });
  const asynchronous = files.modelTopology.node.some(({ op }) => ASYNCHRONOUS.has(op));
  return { model, asynchronous, signature: model.modelSignature ?? nodes(model) };
}

/** Inputs and outputs by their names in the signature of model.json. */
export async function run(session, inputs) {
  const { model, asynchronous, signature } = session;
  const names = Object.keys(signature.outputs);
  const nodes = names.map((name) => signature.outputs[name].name);
  const feeds = Object.entries(inputs).map(([name, tensor]) => [nodeOf(signature, name), tensorOf(tensor)]);
  const feed = Object.fromEntries(feeds);
  const answer = asynchronous ? await model.executeAsync(feed, nodes) : model.execute(feed, nodes);
  const results = Array.isArray(answer) ? answer : [answer]; // one output comes without an array
  const outputs = await Promise.all(results.map(plain));
  tf.dispose([feeds.map(([, tensor]) => tensor), results]);
  return Object.fromEntries(names.map((name, i) => [name, outputs[i]]));
}

/** Inputs and outputs by their names in the signature. TF.js runs all integers as int32. */
export function describe({ signature }) {
  return { inputs: described(signature.inputs), outputs: described(signature.outputs) };
}

function described(tensors) {
  const entries = Object.entries(tensors).map(([name, { dtype, tensorShape }]) => {
    const shape = tensorShape && !tensorShape.unknownRank ? (tensorShape.dim ?? []).map(({ size }) => Number(size)) : null;
    return [name, { dtype: DTYPES[dtype] ?? null, shape }];
  });
  return Object.fromEntries(entries);
}

/** A signature for a model.json that has none: its nodes by their own names. */
function nodes(model) {
  const named = (list) => Object.fromEntries(list.map(({ name }) => [name, { name }]));
  return { inputs: named(model.inputs), outputs: named(model.outputs) };
}

/** What tfjs-converter's IOHandler.load() resolves to, read from the disk. */
async function artifacts(folder) {
  const model = JSON.parse(await readFile(path.join(folder, "model.json"), "utf8"));
  const shards = model.weightsManifest.flatMap((group) => group.paths);
  const buffer = Buffer.concat(await Promise.all(shards.map((shard) => readFile(path.join(folder, shard)))));
  return {
    ...model,
    weightSpecs: model.weightsManifest.flatMap((group) => group.weights),
    weightData: buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength),
  };
}

function nodeOf(signature, name) {
  if (!(name in signature.inputs)) {
    throw new Error(`the model has no input ${name}; its inputs are ${Object.keys(signature.inputs).join(", ")}`);
  }
  return signature.inputs[name].name;
}

function tensorOf({ dtype, shape, data }) {
  return tf.tensor(data, shape, dtype);
}

async function plain(tensor) {
  return { dtype: tensor.dtype, shape: tensor.shape, data: await tensor.data() };
}
