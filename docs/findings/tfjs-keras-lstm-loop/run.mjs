// Runs the graph model in a folder once, on the cpu backend.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.DEPLOYMATRIX_PACKAGES}/`);
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
require("@tensorflow/tfjs-backend-cpu");

const folder = process.argv[2];
const { modelTopology, weightsManifest } = JSON.parse(readFileSync(`${folder}/model.json`));
const bytes = readFileSync(`${folder}/group1-shard1of1.bin`);
const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const files = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData };
const model = await loadGraphModel({ load: async () => files });
const answer = await model.executeAsync({ x: tf.zeros([1, 3, 2]) });
await answer.data();
