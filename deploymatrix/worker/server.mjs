/**
 * The worker for Node: the same protocol as server.py, a process per request.
 *
 * This process loads no library, so the channel may stay on stdin and stdout: children have pipes of their own.
 * Since Node cannot fork, `import` happens in the child and counts into its time.
 */
import { Attempt } from './attempt.mjs';
import { Lines } from './lines.mjs';
import { Reaper } from './reaper.mjs';

const PROTOCOL = 3; // what changed: __init__.py
const TICK_MS = 50; // how often memory and deadlines are looked at

const reaper = Reaper.start();
const attempts = new Map();

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
    case 'stop':
      return stop();
    default:
      throw new Error(`unknown operation ${command.op}: host and worker differ in version`);
  }
}

function hello({ protocol, variables = {} }) {
  if (protocol !== PROTOCOL) {
    throw new Error(`the host speaks protocol ${protocol}, this worker ${PROTOCOL}`);
  }
  Object.assign(process.env, variables);
  const runtime = `node ${process.version}`;
  send({ op: 'ready', protocol: PROTOCOL, pid: process.pid, runtime, versions: {} });
}

function submit(request) {
  const attempt = new Attempt(request, (ending) => {
    attempts.delete(request.nonce);
    if (attempt.pid) reaper.forget(attempt.pid);
    send({ op: 'result', nonce: request.nonce, ...ending });
  });
  attempts.set(request.nonce, attempt);
  if (attempt.pid) reaper.watch(attempt.pid);
}

function send(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function stop() {
  attempts.forEach((attempt) => attempt.kill('stopped'));
  process.exit(0);
}

main();
