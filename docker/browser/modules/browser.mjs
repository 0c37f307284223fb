/**
 * Runs a target's artifacts in a page of Chromium. A target says which of pages/ loads and runs them, and with what.
 *
 * Each load gets a page in a context of its own. What the page's console calls an error, an error that nobody caught, a
 * lost graphics context or a crash makes the call fail during which it came: no answer is believed beside it.
 */
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { start, version } from './chromium.mjs';
import { Server } from './serving.mjs';
import { decode, encode } from './tensors.mjs';

let browser = null; // one of a worker's child, started by the first load
let server = null;
let session = null; // the latest, in whose place the next one comes

/**
 * Return what a run.mjs exports. `page`: the module in pages/. `packages`: those that it imports. `options`: what its
 * load() gets, beside `threads`; with `graphics`, "webgl" or "webgpu", a run that did not compute there fails.
 */
export function inPage(page, packages, options = {}) {
  return {
    VERSIONS: [...packages, 'playwright-core', ['chromium', version()]],
    load: (payload) => Session.open(page, payload, options),
    run: (session, inputs) => session.run(inputs),
    describe: (session) => session.described,
    device: (session) => session.call('device'),
  };
}

class Session {
  #complaints = [];
  #fail;
  #failed = new Promise((_, reject) => (this.#fail = reject));
  #runs = 0;

  static async open(page, payload, options) {
    await session?.close();
    server ??= await Server.start({
      modules: dirname(fileURLToPath(import.meta.url)),
      packages: process.env.DEPLOYMATRIX_NODE_MODULES,
    });
    server.lay('artifact', dirname(payload));
    browser ??= await start();
    session = new Session();
    const threads = Number(process.env.DEPLOYMATRIX_THREADS ?? 1);
    await session.#visit({ page, artifact: `/artifact/${basename(payload)}`, options: { ...options, threads } });
    return session;
  }

  async #visit(order) {
    this.#failed.catch(() => {}); // it may fail while nobody calls; the next call will tell
    this.context = await browser.newContext();
    this.page = await this.context.newPage();
    this.page.on('console', (message) => this.#hear(message.type(), message.text()));
    this.page.on('pageerror', (error) => this.#hear('error', error.stack ?? String(error)));
    this.page.on('crash', () => this.#fail(new Error('the page crashed')));
    browser.on('disconnected', () => this.#fail(new Error('Chromium ended')));
    await this.page.goto(`${server.address}/modules/pages/index.html`);
    await this.call('open', order);
    this.described = await this.call('describe'); // now: a page in which a run failed may not tell it any more
  }

  /** Return the outputs of a run. */
  async run(inputs) {
    const id = `run-${(this.#runs += 1)}`;
    server.give(id, encode(inputs));
    await this.call('run', id);
    return decode(server.take(id));
  }

  /** Call a function of the page. Throws what it throws, and what the page complained of meanwhile. */
  async call(name, argument) {
    const calling = this.page.evaluate(([name, argument]) => globalThis.harness[name](argument), [name, argument]);
    const value = await Promise.race([calling, this.#failed]);
    if (this.#complaints.length) throw new Error(`the page complained: ${this.#complaints.join('\n')}`);
    return value;
  }

  #hear(type, text) {
    console.log(`${type}: ${text}`);
    if (type === 'error') this.#complaints.push(text);
  }

  async close() {
    await this.context.close();
  }
}
