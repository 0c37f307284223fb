// Runs the graph model in a folder as often as inputs are given, on the cpu backend; prints the first output of each.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.DEPLOYMATRIX_PACKAGES}/`);
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
require("@tensorflow/tfjs-backend-cpu");

const [folder, ...inputs] = process.argv.slice(2); // each input: {"data": [...], "shape": [...], "dtype": "float32"}
const { modelTopology, weightsManifest } = JSON.parse(readFileSync(`${folder}/model.json`));
const bytes = readFileSync(`${folder}/group1-shard1of1.bin`);
const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const files = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData };
const model = await loadGraphModel({ load: async () => files });
const answers = [];
for (const { data, shape, dtype } of inputs.map((text) => JSON.parse(text))) {
  const answer = await model.executeAsync({ x: tf.tensor(data, shape, dtype) });
  answers.push([...(await answer.data())]);
}
console.log(JSON.stringify(answers));
