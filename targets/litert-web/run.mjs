// Runs a .tflite file with LiteRT.js on WebAssembly, in a page of Chromium.

const { inPage } = await import(`${process.env.DEPLOYMATRIX_MODULES}/browser.mjs`);

export const { VERSIONS, load, run, describe, device } = inPage('litert', ['@litertjs/core'], { accelerator: 'wasm' });
export const SETS_THREADS = true; // load() takes their number from DEPLOYMATRIX_THREADS each time
