/** The web server of one browser, on loopback: folders to read, and bytes that page and Node hand to each other. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

// Without these a page is not cross-origin isolated: no SharedArrayBuffer, and WebAssembly's threads are silently off.
// No "Cache-Control: no-store": Chromium then waits for a reader with each of its six connections, and a loader that reads
// only once all answers have begun, as that of TensorFlow.js, waits for ever where a model has more than six files.
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const EXCHANGE = '/exchange/';

export class Server {
  #given = new Map(); // what the page may fetch, and at the same address what it posted
  #folders;

  /** `folders`: by the first part of an address, the folder that lies there. */
  static async start(folders) {
    const server = new Server();
    server.#folders = folders;
    const http = createServer((request, response) => server.#answer(request, response));
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    server.address = `http://127.0.0.1:${http.address().port}`;
    http.unref();
    return server;
  }

  /** Let `name` be a folder, in place of an earlier one. */
  lay(name, folder) {
    this.#folders[name] = folder;
  }

  give(id, bytes) {
    this.#given.set(id, bytes);
  }

  take(id) {
    const bytes = this.#given.get(id);
    this.#given.delete(id);
    return bytes;
  }

  #answer(request, response) {
    const { pathname } = new URL(request.url, this.address);
    if (pathname.startsWith(EXCHANGE)) return this.#exchange(request, response, pathname.slice(EXCHANGE.length));
    const [, name, ...parts] = normalize(decodeURIComponent(pathname)).split('/');
    const file = name in this.#folders ? join(this.#folders[name], ...parts) : null;
    const found = file && statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) return response.writeHead(404, HEADERS).end();
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': found.size });
    createReadStream(file).pipe(response);
  }

  async #exchange(request, response, id) {
    if (request.method !== 'POST') return response.writeHead(200, HEADERS).end(this.#given.get(id));
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    this.give(id, new Uint8Array(Buffer.concat(chunks)));
    response.writeHead(204, HEADERS).end();
  }
}
