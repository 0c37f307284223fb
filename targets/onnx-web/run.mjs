// Runs an .onnx file with ONNX Runtime Web on WebAssembly, in a page of Chromium.

const { inPage } = await import(`${process.env.DEPLOYMATRIX_MODULES}/browser.mjs`);

export const { VERSIONS, load, run, describe, device } = inPage('onnx', ['onnxruntime-web'], { provider: 'wasm' });
export const SETS_THREADS = true; // load() takes their number from DEPLOYMATRIX_THREADS each time
