// A runner that does what its payload says, as run.py does.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export const SETS_THREADS = true;
let loads = 0;

export async function load(payload) {
  const threads = Number(process.env.DEPLOYMATRIX_THREADS);
  const order = { ...JSON.parse(readFileSync(payload, 'utf8')), runs: 0, threads };
  loads += 1;
  if (order.at === 'load') deeds[order.do](order);
  return order;
}

export async function run(session, inputs) {
  session.runs += 1;
  session.inputs = inputs;
  session.first ??= inputs;
  const doubled = { y: { ...inputs.x, data: inputs.x.data.map((value) => value * 2) } };
  return session.do && session.at !== 'load' ? (deeds[session.do](session) ?? doubled) : doubled;
}

export const device = (session) => session.device ?? '';

const deeds = {
  fail() {
    throw new Error('on purpose');
  },
  segfault: () => die('SIGSEGV'),
  abort: () => process.abort(),
  bad_alloc() {
    writeSync(2, "terminate called after throwing an instance of 'std::bad_alloc'\n");
    process.abort();
  },
  kill_self: () => die('SIGKILL'),
  exit_silently: () => process.exit(0),
  hang(order) {
    process.on('SIGTERM', () => {});
    tell(order.alive);
    block();
  },
  hang_in_turn(order) {
    if (firstTime(order)) deeds.hang(order);
  },
  allocate() {
    for (const hoard of [[]]) for (;;) hoard.push(new Float64Array(1 << 20).fill(1));
  },
  memory_error() {
    throw new RangeError('Array buffer allocation failed');
  },
  leave_a_child_behind(order) {
    const wait = ['-e', 'setTimeout(() => {}, 600000)'];
    spawn(process.execPath, wait, { stdio: ['ignore', 'ignore', 'ignore', tell(order.alive)] });
  },
  forge() {
    const claim = { nonce: 'guessed', stage: 'run', reply: { status: 'ok', value: { outputs: ['y'] } } };
    const result = { op: 'result', nonce: 'guessed', status: 'ok', stage: 'run', value: {} };
    for (const line of [claim, result, '}{ not JSON']) {
      for (const fd of [1, 2, 3]) writeSync(fd, `${JSON.stringify(line)}\n`);
    }
    process.exit(0);
  },
  chatter() {
    writeSync(1, 'first words\n');
    for (let line = 0; line < 5; line += 1) console.log('x'.repeat(999_999));
    writeSync(1, 'last words\n'); // as Emscripten's threads print: past Node's queue
  },
  meet(order) {
    if (firstTime(order)) closeSync(openSync(order.fifo, order.mode));
  },
  kill_server(order) {
    if (firstTime(order)) readSync(openSync(order.alive, 'r'), Buffer.alloc(1));
    process.kill(process.ppid, 'SIGKILL');
    block();
  },
  misname() {
    const zeros = { dtype: 'float32', shape: [2], data: new Float32Array(2) };
    return { z: zeros, 'y:0': zeros };
  },
  no_arrays: () => ({ y: [1, 2] }),
  threads() {
    const { DEPLOYMATRIX_THREADS: own, OMP_NUM_THREADS: omp } = process.env;
    return { y: { dtype: 'int64', shape: [2], data: BigInt64Array.from([BigInt(own), BigInt(omp)]) } };
  },
  count_runs: ({ runs }) => pair(runs),
  count_loads: () => pair(loads),
  keep_first: ({ inputs, first }) => pair(inputs.x.data[0] + first.x.data[0]),
  show_threads: ({ threads }) => pair(threads),
  need_both: ({ threads, first }) => pair(Number(threads > 1 && first.x.data[0] > 1)),
  refuse_again() {
    if (loads > 1) throw new Error('a session is open already');
  },
  leave_files() {
    const deep = `${process.env.TMPDIR}/deep-${loads}/er`;
    mkdirSync(deep, { recursive: true });
    for (let number = 0; number < 300; number++) writeFileSync(`${deep}/.${number}`, '');
    symlinkSync('/', `${deep}/link`);
    chmodSync(deep, 0);
    chmodSync(dirname(deep), 0);
  },
  surrogate() {
    throw new Error('bad: \udcff');
  },
  send(order) {
    if (firstTime(order)) writeSync(4, order.text);
  },
  take_time({ seconds }) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
  },
  stop_server() {
    process.kill(process.ppid, 'SIGSTOP');
    block();
  },
  survive() {
    const stay = 'trap "" TERM; echo survivor $$; while :; do sleep 1; done';
    const inherited = ['ignore', 'inherit', 'inherit'];
    spawn('setsid', ['sh', '-c', stay], { detached: true, stdio: inherited }).unref();
  },
  principal({ room }) {
    const tries = [
      () => process.kill(process.ppid, 'SIGCONT'),
      () => closeSync(openSync(`/proc/${process.ppid}/mem`, 'r')),
      () => readdirSync(`/proc/${process.ppid}/fd`),
      () => process.setuid(0),
      () => writeFileSync(`${room}/left`, 'x'),
      () => readdirSync(`${room}/../other/task`),
    ];
    const groups = JSON.stringify(process.getgroups()).replaceAll(',', ', ');
    console.log(`uid ${process.getuid()} gid ${process.getgid()} groups ${groups} home ${process.env.HOME}`);
    writeFileSync(`${process.env.TMPDIR}/own`, 'x');
    console.log(`could [${tries.map((one) => Number(did(one))).join(', ')}]`);
  },
  variables() {
    console.log(process.env.FROM_HELLO, process.env.FROM_START);
  },
};

function did(one) {
  try {
    one();
    return true;
  } catch {
    return false;
  }
}

function pair(value) {
  return { y: { dtype: 'float32', shape: [2], data: Float32Array.from([value, 0]) } };
}

function tell(fifo) {
  const alive = openSync(fifo, 'w');
  writeSync(alive, `${process.pid}\n`);
  return alive;
}

function firstTime({ once }) {
  try {
    closeSync(openSync(once, 'wx'));
    return true;
  } catch {
    return false;
  }
}

function die(signal) {
  process.kill(process.pid, signal);
  block();
}

function block() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
