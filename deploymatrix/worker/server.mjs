/**
 * The worker for Node: the same protocol as server.py, a process per request.
 *
 * No library is loaded into this process, so the channel may stay on stdin and stdout: children have pipes of
 * their own. Since Node cannot fork, `import` happens in the child and counts into its time.
 */
import { Job } from './job.mjs';
import { Lines } from './lines.mjs';
import { Reaper } from './reaper.mjs';

const PROTOCOL = 1;
const TICK_MS = 50; // how often memory and deadlines are looked at

const reaper = Reaper.start();
const jobs = new Map();

function main() {
  const lines = new Lines();
  process.on('SIGINT', () => {}); // Ctrl-C reaches the host, which ends the channel
  process.stdout.on('error', stop); // the host is gone
  process.stdin.on('end', stop);
  process.stdin.on('data', (data) => lines.feed(data).forEach((line) => obey(JSON.parse(line))));
  setInterval(() => jobs.forEach((job) => job.enforce()), TICK_MS);
}

function obey(command) {
  switch (command.op) {
    case 'hello':
      return hello(command);
    case 'submit':
      return submit(command);
    case 'cancel':
      return jobs.get(command.nonce)?.kill('cancelled');
    case 'stop':
      return stop();
    default:
      throw new Error(`unknown operation ${command.op}: host and worker differ in version`);
  }
}

function hello({ protocol, variables }) {
  if (protocol !== PROTOCOL) {
    throw new Error(`the host speaks protocol ${protocol}, this worker ${PROTOCOL}`);
  }
  Object.assign(process.env, variables);
  const runtime = `node ${process.version}`;
  send({ op: 'ready', protocol: PROTOCOL, pid: process.pid, runtime, versions: {} });
}

function submit(request) {
  const job = new Job(request, (result) => {
    jobs.delete(request.nonce);
    if (job.pid) reaper.forget(job.pid);
    send({ op: 'result', nonce: request.nonce, ...result });
  });
  jobs.set(request.nonce, job);
  if (job.pid) reaper.watch(job.pid);
}

function send(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function stop() {
  jobs.forEach((job) => job.kill('stopped'));
  process.exit(0);
}

main();
