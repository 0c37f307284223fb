// Runs a split of a tensor into so many parts with ONNX Runtime Web on WebGPU, in a page of the browser runner.

process.env.DEPLOYMATRIX_NODE_MODULES = process.env.DEPLOYMATRIX_PACKAGES;
const { inPage } = await import(new URL("../../../docker/browser/modules/browser.mjs", import.meta.url));

const [, , file, parts] = process.argv;
const { load, run } = inPage("onnx", [], { provider: "webgpu", graphics: "webgpu" });
const x = { dtype: "float32", shape: [Number(parts), 4], data: new Float32Array(4 * parts) };
await run(await load(file), { x });
process.exit(0);
