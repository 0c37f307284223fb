/** Watches WebGL and WebGPU: which device serves a page, how often it is given work, and whether it is lost. */

export const watched = { devices: { webgl: new Set(), webgpu: new Set() }, calls: { webgl: 0, webgpu: 0 } };
const SOFTWARE = /swiftshader/i;

for (const { prototype } of [HTMLCanvasElement, OffscreenCanvas]) {
  wrap(prototype, 'getContext', (context, canvas, kind) => {
    if (context && kind.startsWith('webgl')) addRenderer(context, canvas);
  });
}
for (const { prototype } of [WebGLRenderingContext, WebGL2RenderingContext]) {
  for (const name of ['drawArrays', 'drawElements']) wrap(prototype, name, () => (watched.calls.webgl += 1));
}
if (globalThis.GPUAdapter) {
  wrap(GPUAdapter.prototype, 'requestDevice', (device) => device.then(addDevice, () => {}));
  wrap(GPUQueue.prototype, 'submit', () => (watched.calls.webgpu += 1));
}

/** Let `after` see what a method returned. */
function wrap(prototype, name, after) {
  const method = prototype[name];
  prototype[name] = function wrapped(...args) {
    const value = method.apply(this, args);
    after(value, this, ...args);
    return value;
  };
}

function addRenderer(context, canvas) {
  const { UNMASKED_RENDERER_WEBGL: renderer } = context.getExtension('WEBGL_debug_renderer_info') ?? {};
  add('webgl', context.getParameter(renderer ?? context.RENDERER));
  canvas.addEventListener('webglcontextlost', () => console.error('webglcontextlost: the WebGL context was lost'));
}

function addDevice(device) {
  const { vendor, architecture, description } = device.adapterInfo;
  add('webgpu', [vendor, architecture, description].filter(Boolean).join(' '));
  device.addEventListener('uncapturederror', ({ error }) => console.error(`WebGPU: ${error.message}`));
  device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') console.error(`device.lost: the WebGPU device was lost: ${message}`);
  });
}

/** Note a device by what the browser calls it, in one word where that is Chromium's software renderer. */
function add(kind, told) {
  watched.devices[kind].add(SOFTWARE.test(told) ? 'swiftshader' : told);
}
