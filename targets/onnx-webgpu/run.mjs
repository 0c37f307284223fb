// Runs an .onnx file with ONNX Runtime Web on WebGPU, in a page of Chromium.

const { inPage } = await import(`${process.env.DEPLOYMATRIX_MODULES}/browser.mjs`);

export const { VERSIONS, load, run, describe, device } = inPage('onnx', ['onnxruntime-web'], { provider: 'webgpu', graphics: 'webgpu' });
