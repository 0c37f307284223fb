// Runs a TensorFlow.js graph model on the webgpu backend, in a page of Chromium.

const { inPage } = await import(`${process.env.DEPLOYMATRIX_MODULES}/browser.mjs`);
const PACKAGES = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-converter', '@tensorflow/tfjs-backend-webgpu'];

export const { VERSIONS, load, run, describe, device } = inPage('tfjs', PACKAGES, { backend: 'webgpu', graphics: 'webgpu' });
