// Loads a .tflite file with LiteRT.js for WebGPU, in a page of the browser runner.

process.env.DEPLOYMATRIX_NODE_MODULES = process.env.DEPLOYMATRIX_PACKAGES;
const { inPage } = await import(new URL("../../../docker/browser/modules/browser.mjs", import.meta.url));

await inPage("litert", [], { accelerator: "webgpu", graphics: "webgpu" }).load(process.argv[2]);
process.exit(0);
