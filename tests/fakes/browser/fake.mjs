/** A page that does what its artifact says, `{"do": <deed>, "at": "load" | "run"}`, and answers with its inputs. */

export async function load(artifact) {
  const order = await (await fetch(artifact)).json();
  if (order.at === 'load') await deeds[order.do]();
  return order;
}

export async function run(order, inputs) {
  if (order.at !== 'load') await deeds[order.do]?.(inputs);
  return inputs;
}

export function describe() {
  const x = { dtype: 'float32', shape: [3] };
  return { inputs: { x }, outputs: { x } };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 500));

const deeds = {
  throw() {
    throw new Error('on purpose');
  },
  complain: () => console.error('something is not right'),
  async forget_a_promise() {
    Promise.reject(new Error('nobody waits for this'));
    await settled();
  },
  ask_for_what_is_not_there: () => fetch('/packages/no-such-file.wasm'),
  hang: () => {
    for (;;);
  },
  async lose_webgl() {
    new OffscreenCanvas(1, 1).getContext('webgl2').getExtension('WEBGL_lose_context').loseContext();
    await settled();
  },
  async misuse_webgpu() {
    const device = await (await navigator.gpu.requestAdapter()).requestDevice();
    device.createBuffer({ size: 4, usage: 0 });
    await device.queue.onSubmittedWorkDone();
    await settled();
  },
  draw() {
    new OffscreenCanvas(1, 1).getContext('webgl2').drawArrays(0, 0, 3);
  },
  change_a_dtype(inputs) {
    inputs.x.data = new Int32Array(inputs.x.data);
  },
};
