// Runs the graph model in the folder `converted` once, on the wasm backend.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.DEPLOYMATRIX_PACKAGES}/`);
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
require("@tensorflow/tfjs-backend-wasm");

await tf.setBackend("wasm");
const { modelTopology, weightsManifest } = JSON.parse(readFileSync("converted/model.json"));
const bytes = readFileSync("converted/group1-shard1of1.bin");
const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const files = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData };
const model = await loadGraphModel({ load: async () => files });
await model.execute({ x: tf.zeros([1, 3, 3, 2]) }).data();
