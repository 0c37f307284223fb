/**
 * The child for Node: it reads its request from stdin, does it, writes one reply to descriptor 3 and exits.
 *
 * A run.mjs lies outside of the runtime's node_modules, and `import 'x'` looks only in folders above the importing
 * file. So the variable DEPLOYMATRIX_NODE_MODULES names the node_modules folder, and a run.mjs begins with
 *
 *     import { createRequire } from 'node:module';
 *     const require = createRequire(process.env.DEPLOYMATRIX_NODE_MODULES + '/');
 *     const tf = require('@tensorflow/tfjs-core');
 *
 * or, for a package without CommonJS, `await import(pathToFileURL(require.resolve('x')))`. It may export
 * VERSIONS, a list of the packages whose versions the record shall show.
 */
import { readFileSync } from 'node:fs';

import { deliver, writeAll } from './delivering.mjs';
import { perform as describe } from './describing.mjs';
import { perform as run } from './running.mjs';

const TASKS = { run, describe };
const REPLY_FD = 3;
const FILES_FD = 4;
const MOST_LINKS = 8;
const request = JSON.parse(readFileSync(0, 'utf8'));
let stage = 'import';
let finished = false;

async function main() {
  waitForReaders();
  process.on('uncaughtException', fail); // thrown in a runtime's callback, or a promise that nobody awaited
  try {
    if (!(request.task in TASKS)) {
      throw new Error(`unknown task '${request.task}': this worker does ${Object.keys(TASKS)}`);
    }
    const value = await TASKS[request.task](request, enter);
    if (request.deliver) deliver(request.out, FILES_FD, request.most_files);
    await finish({ status: 'ok', value });
  } catch (error) {
    await fail(error);
  }
}

/**
 * Make stdout and stderr blocking. Node opens pipes without: then a runtime that prints with fs.writeSync, as what
 * Emscripten built with threads does, gets EAGAIN whenever the reader is slower, and a good artifact fails.
 */
function waitForReaders() {
  for (const { _handle: handle } of [process.stdout, process.stderr]) handle?.setBlocking?.(true);
}

/** Announce the next stage, so that the server can name it even if the child dies in it. */
function enter(name) {
  stage = name;
  write({});
}

async function fail(thrown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const traceback = String(error.stack).slice(-16384);
  console.error(traceback);
  const status = /^Array buffer allocation failed|bad_alloc/.test(error.message) ? 'out_of_memory' : 'failed';
  await finish({ status, error: { type: error.name, message: error.message.slice(-4096), traceback, chain: chainOf(error) } });
}

/** Return the error and its causes, the innermost last. */
function chainOf(error) {
  const links = [];
  for (let current = error; current instanceof Error && links.length < MOST_LINKS; current = current.cause) {
    links.push({ type: current.name, message: current.message.slice(0, 2048), link: links.length ? 'cause' : '' });
  }
  return links;
}

async function finish(reply) {
  if (finished) return;
  finished = true;
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]); // process.exit drops what is queued
  const { user, system } = process.cpuUsage();
  const usage = { cpu_s: (user + system) / 1e6, peak_mb: process.resourceUsage().maxRSS / 1024 };
  write({ reply: { ...reply, usage } });
  process.exit(0);
}

function flushed(stream) {
  return new Promise((resolve) => stream.write('', resolve));
}

/** Write one line to the server. Every line carries the nonce. */
function write(message) {
  writeAll(REPLY_FD, Buffer.from(`${JSON.stringify({ nonce: request.nonce, stage, ...message })}\n`));
}

await main();
