// Which tables of a TensorFlow.js graph model its inputs index, as model.json tells.

import { readFile } from "node:fs/promises";
import path from "node:path";

// For each operator that looks up: the places of ids and table among its operands.
const LOOKUPS = { GatherV2: [1, 0], Gather: [1, 0] };
// How many of an operator's operands it hands on with their values, as long as they are row numbers, and from where.
const HANDED_ON = {
  ...Object.fromEntries(["BroadcastTo", "Cast", "ClipByValue", "ExpandDims", "Identity"].map((kind) => [kind, [0, 1]])),
  ...Object.fromEntries(["Reshape", "Slice", "Squeeze", "StridedSlice", "Tile", "Transpose"].map((kind) => [kind, [0, 1]])),
  ...Object.fromEntries(["ConcatV2", "Maximum", "Minimum", "Pack"].map((kind) => [kind, [0]])),
  ...Object.fromEntries(["Select", "SelectV2"].map((kind) => [kind, [1]])),
};
const SAME_ROWS = new Set(["Cast", "Identity"]); // a table behind them has the same rows

/** Return input, table and rows of each lookup that an input reaches. Functions are not followed. */
export async function lookups({ signature }, payload) {
  const { modelTopology, weightsManifest } = JSON.parse(await readFile(path.join(payload, "model.json"), "utf8"));
  const nodes = new Map(modelTopology.node.map((node) => [node.name, node]));
  const shapes = new Map(weightsManifest.flatMap(({ weights }) => weights).map(({ name, shape }) => [name, shape]));
  const inputs = new Map(Object.entries(signature.inputs).map(([name, tensor]) => [nodeOf(tensor.name), name]));
  const found = [];
  for (const { op, input, attr } of modelTopology.node.filter((node) => node.op in LOOKUPS)) {
    const [ids, place] = LOOKUPS[op].map((at) => nodeOf(input[at]));
    const table = tableOf(nodes, place);
    if (shapes.has(table)) {
      const rows = shapes.get(table)[0]; // the converter keeps the axis among the weights, and every embedding's is 0
      const reached = [...sources(nodes, ids, new Set())].filter((name) => inputs.has(name));
      found.push(...reached.map((name) => ({ input: inputs.get(name), table, rows })));
    }
  }
  return found;
}

/** The names of the placeholders whose values a node's output holds. */
function sources(nodes, name, seen) {
  const node = nodes.get(name);
  if (!node || seen.has(name)) return new Set();
  seen.add(name);
  if (node.op === "Placeholder") return new Set([name]);
  return new Set(handedOn(nodes, node).flatMap((operand) => [...sources(nodes, nodeOf(operand), seen)]));
}

/**
 * The operands whose values are the node's own. Of a sum that is one, the ids, where the other is 0 unless they are
 * negative: ids + rows * (ids < 0), as onnx2tf writes it.
 */
function handedOn(nodes, { op, input = [] }) {
  if (op === "AddV2") return isZeroForRows(nodes, input[1]) ? input.slice(0, 1) : [];
  return op in HANDED_ON ? input.slice(...HANDED_ON[op]) : [];
}

function isZeroForRows(nodes, operand) {
  const { op, input = [] } = nodes.get(nodeOf(operand)) ?? {};
  return op === "Less" || (["Mul", "Cast", "Identity"].includes(op) && input.some((next) => isZeroForRows(nodes, next)));
}

function tableOf(nodes, name) {
  let node = nodes.get(name);
  while (node && SAME_ROWS.has(node.op)) node = nodes.get(nodeOf(node.input[0]));
  return node?.name;
}

/** "^a" is a dependence and "a:1" an output; both are of node a. */
function nodeOf(operand) {
  return operand.replace(/^\^/, "").replace(/:\d+$/, "");
}
