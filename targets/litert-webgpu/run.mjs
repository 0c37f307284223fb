// Runs a .tflite file with LiteRT.js on WebGPU, in a page of Chromium.

const { inPage } = await import(`${process.env.DEPLOYMATRIX_MODULES}/browser.mjs`);
const OPTIONS = { accelerator: 'webgpu', graphics: 'webgpu' };

export const { VERSIONS, load, run, describe, device } = inPage('litert', ['@litertjs/core'], OPTIONS);
