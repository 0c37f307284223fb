// Loads a .tflite file with LiteRT.js, in a page of the browser runner.

process.env.DEPLOYMATRIX_NODE_MODULES = process.env.DEPLOYMATRIX_PACKAGES;
const { inPage } = await import(new URL("../../../docker/browser/modules/browser.mjs", import.meta.url));

await inPage("litert", [], { accelerator: "wasm" }).load(process.argv[2]);
process.exit(0);
