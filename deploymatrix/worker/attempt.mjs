/** One request under way as the server sees it: child, pipes, log, limits, and at last how it ended. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { CappedLog } from './capped_log.mjs';
import { Lines } from './lines.mjs';
import { GroupUsage, oomKills } from './memory.mjs';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));
const SHELL = '/bin/sh';
const DRAIN_MS = 1000; // for the pipes to end once the whole group is dead
const THREAD_VARIABLES = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
  'TF_NUM_INTRAOP_THREADS',
  'TF_NUM_INTEROP_THREADS',
  'DEPLOYMATRIX_THREADS',
];

/** One child at work on one request. */
export class Attempt {
  #stage = 'import';
  #reply = null;
  #killedFor = null;

  /** Start the child. `done(ending)` is called once, with the fields of the `result` message. */
  constructor(request, done) {
    this.request = request;
    this.done = done;
    this.started = performance.now();
    this.oomKills = oomKills();
    this.log = new CappedLog(request.log);
    this.child = start(request);
    this.pid = this.child.pid; // undefined when it could not be started
    this.usage = new GroupUsage(this.pid);
    this.#listen();
  }

  #listen() {
    const lines = new Lines();
    const [stdin, stdout, stderr, replies] = this.child.stdio;
    stdin.on('error', () => {}); // it died before it read its request: its end is what counts
    stdin.end(JSON.stringify(this.request));
    stdout.on('data', (data) => this.log.write(data));
    stderr.on('data', (data) => this.log.write(data));
    replies.on('data', (data) => lines.feed(data).forEach((line) => this.#hear(line)));
    this.child.once('error', (error) => this.#finish(this.#death('no_reply', `no child: ${error.message}`)));
    this.child.once('exit', (code, signal) => this.#ended(code, signal));
  }

  /** Take the child's stages and its reply. A line without the nonce did not come from our code. */
  #hear(line) {
    const message = parsed(line);
    if (message?.nonce === this.request.nonce) {
      this.#stage = message.stage;
      this.#reply = message.reply ?? null;
    }
  }

  /** Kill the group when its time is over or it holds more memory than it may. */
  enforce() {
    if (this.#killedFor || !this.pid) return;
    const resident = this.usage.residentMb(this.request.memory_mb);
    if (resident > this.request.memory_mb) this.kill('out_of_memory');
    else if (performance.now() - this.started > this.request.timeout_s * 1000) this.kill('timed_out');
  }

  /** Kill the child and its group; the first reason counts. */
  kill(reason) {
    this.#killedFor ??= reason;
    this.#killGroup();
    this.child.kill('SIGKILL'); // it may not have become the group's leader yet
  }

  #killGroup() {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error; // nobody left
    }
  }

  async #ended(code, signal) {
    const wall = (performance.now() - this.started) / 1000;
    this.#killGroup();
    await this.#drained();
    const { cpu_s, peak_mb } = this.#reply?.usage ?? {};
    const measured = {
      exit_code: code,
      wall_s: wall,
      cpu_s: cpu_s ?? this.usage.cpuS,
      peak_mb: Math.max(this.usage.peakMb, peak_mb ?? 0),
    };
    this.#finish({ ...this.#judge(code, signal), ...measured });
  }

  #drained() {
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    const patience = new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref());
    return Promise.race([closed, patience]);
  }

  #finish(ending) {
    this.log.close();
    this.done({ signal: null, import_s: 0, value: null, error: null, ...ending });
  }

  /** Accept the reply only of a child that then ended by itself and in order. */
  #judge(code, signal) {
    const { memory_mb, timeout_s } = this.request;
    if (this.#killedFor === 'out_of_memory') {
      return this.#death('out_of_memory', `it held more than the ${memory_mb} MiB allowed`);
    }
    if (this.#killedFor === 'timed_out') return this.#death('timed_out', `it exceeded its ${timeout_s} s`);
    if (signal) return this.#deathBySignal(signal);
    if (code === 0 && this.#reply) {
      const { status, value, error } = this.#reply;
      return { stage: this.#stage, status, value, error };
    }
    return this.#death('no_reply', `the child ended with exit code ${code} and without a reply`);
  }

  #deathBySignal(signal) {
    const said = this.log.recent.toString('latin1');
    if (signal === 'SIGABRT' && /bad_alloc|heap out of memory/.test(said)) {
      return this.#death('out_of_memory', 'an allocation failed', signal);
    }
    if (signal === 'SIGKILL' && (oomKills() ?? 0) > (this.oomKills ?? 0)) {
      return this.#death('out_of_memory', "the kernel's OOM killer struck", signal);
    }
    return this.#death('signaled', `the child died by ${signal}`, signal);
  }

  #death(status, why, signal = null) {
    const traceback = this.log.recent.subarray(-4096).toString();
    const error = { type: signal ?? status, message: `${why} (stage: ${this.#stage})`, traceback };
    return { status, stage: this.#stage, signal, error };
  }
}

/** Start a child that leads its own session; descriptor 3 is for its reply. */
function start({ threads, memory_mb: memoryMb }) {
  const node = [process.execPath, `--max-old-space-size=${Math.ceil(memoryMb)}`, CHILD];
  // Node has no setrlimit: the shell sees to it that a crash leaves no core file.
  const [command, ...args] = existsSync(SHELL) ? [SHELL, '-c', 'ulimit -c 0; exec "$0" "$@"', ...node] : node;
  const env = { ...process.env };
  for (const name of THREAD_VARIABLES) env[name] = String(threads);
  return spawn(command, args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null; // not ours
  }
}
