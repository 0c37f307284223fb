/** What Node calls in a page: it loads and runs the artifact, and sees where the graphics were computed. */
import { decode, encode } from '../tensors.mjs';
import { watched } from './graphics.mjs';

let module = null;
let session = null;
let wanted;

globalThis.harness = {
  async open({ page, artifact, options }) {
    if (!globalThis.crossOriginIsolated) throw new Error('the page is not cross-origin isolated: it has no threads');
    wanted = options.graphics;
    module = await import(`./${page}.mjs`);
    session = await module.load(artifact, options);
  },

  async run(id) {
    const inputs = decode(new Uint8Array(await (await fetch(`/exchange/${id}`)).arrayBuffer()));
    const before = watched.calls[wanted];
    const outputs = encode(await module.run(session, inputs));
    if (watched.calls[wanted] === before && wanted) throw new Error(`nothing was computed by ${wanted}`);
    await fetch(`/exchange/${id}`, { method: 'POST', body: outputs });
  },

  describe: () => module.describe(session),

  /** Return what drew or computed, as the browser names it; empty where the processor did it alone. */
  device: () => (wanted ? [...watched.devices[wanted]].join(', ') : ''),
};
