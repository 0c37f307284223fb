/**
 * The worker for Node: the same protocol as server.py, a process per request.
 *
 * This process loads no library, so the channel may stay on stdin and stdout: children have pipes of their own.
 * Since Node cannot fork, `import` happens in the child and counts into its time.
 */
import { join } from 'node:path';

import { Attempt } from './attempt.mjs';
import { wellFormed } from './childs_words.mjs';
import { Lines } from './lines.mjs';
import { Principals } from './principals.mjs';
import { Reaper } from './reaper.mjs';

const PROTOCOL = 4; // what changed: __init__.py
const TICK_MS = 50; // how often memory and deadlines are looked at

const reaper = Reaper.start();
const attempts = new Map();
let principals = null; // where the host gives none, tasks run as this process's user

function main() {
  const lines = new Lines();
  process.on('SIGINT', () => {}); // Ctrl-C reaches the host, which ends the channel
  process.stdout.on('error', stop); // the host is gone
  process.stdin.on('end', stop);
  process.stdin.on('data', (data) => lines.feed(data).forEach((line) => obey(JSON.parse(line))));
  setInterval(() => attempts.forEach((attempt) => attempt.enforce()), TICK_MS);
}

function obey(command) {
  switch (command.op) {
    case 'hello':
      return hello(command);
    case 'submit':
      return submit(command);
    case 'ping':
      return send({ op: 'alive', busy: false });
    case 'stop':
      return stop();
    default:
      throw new Error(`unknown operation ${command.op}: host and worker differ in version`);
  }
}

function hello({ protocol, variables = {}, principals: given }) {
  if (protocol !== PROTOCOL) {
    throw new Error(`the host speaks protocol ${protocol}, this worker ${PROTOCOL}`);
  }
  Object.assign(process.env, variables);
  if (given) principals = new Principals(given);
  const runtime = `node ${process.version}`;
  send({ op: 'ready', protocol: PROTOCOL, pid: process.pid, runtime, versions: {} });
}

function submit(request) {
  const { nonce } = request;
  let principal = null;
  try {
    principal = principals?.take() ?? null;
  } catch (error) {
    return send({ op: 'result', nonce, status: 'failed', stage: 'import', error: reportOf(error) });
  }
  if (principal) request.out = join(principal.home, 'out');
  const attempt = new Attempt(request, principal, (data) => sendData(nonce, 'files', data), (ending, log) => {
    attempts.delete(nonce);
    if (attempt.pid) reaper.forget(attempt.pid);
    if (principal) principals.giveBack(principal);
    sendData(nonce, 'log', log);
    send({ op: 'result', nonce, ...ending });
  });
  attempts.set(nonce, attempt);
  if (attempt.pid) reaper.watch(attempt.pid);
}

function reportOf(error) {
  return { type: error.name, message: error.message, traceback: String(error.stack), chain: [] };
}

function send(message) {
  process.stdout.write(`${JSON.stringify(wellFormed(message))}\n`);
}

function sendData(nonce, stream, data) {
  if (!data.length) return;
  process.stdout.write(`${JSON.stringify({ op: 'data', nonce, stream, bytes: data.length })}\n`);
  process.stdout.write(data);
}

function stop() {
  attempts.forEach((attempt) => attempt.kill('stopped'));
  process.exit(0);
}

main();
