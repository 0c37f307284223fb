/** One request under way as the server sees it: child, pipes, log, limits, and at last how it ended. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { CappedLog } from './capped_log.mjs';
import { heardOf } from './childs_words.mjs';
import { Lines } from './lines.mjs';
import { GroupUsage, oomKills } from './memory.mjs';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));
const SHELL = '/bin/sh';
const MIB = 1024 * 1024;
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
  #filesLeft;

  /**
   * Start the child, as `principal` where it has one. `sendFiles(data)` takes what it sends of its files, as it comes;
   * `done(ending, log)` is called once, with the fields of the `result` message.
   */
  constructor(request, principal, sendFiles, done) {
    this.request = request;
    this.principal = principal;
    this.sendFiles = sendFiles;
    this.done = done;
    this.#filesLeft = request.most_bytes;
    this.started = performance.now();
    this.oomKills = oomKills();
    this.log = new CappedLog();
    this.child = start(request, principal);
    this.pid = this.child.pid; // undefined when it could not be started
    this.usage = new GroupUsage(this.pid, principal && (() => principal.survivors()));
    this.#listen();
  }

  #listen() {
    const lines = new Lines();
    const [stdin, stdout, stderr, replies, files] = this.child.stdio;
    stdin.on('error', () => {}); // it died before it read its request: its end is what counts
    stdin.end(JSON.stringify(this.request));
    stdout.on('data', (data) => this.log.write(data));
    stderr.on('data', (data) => this.log.write(data));
    replies.on('data', (data) => lines.feed(data).forEach((line) => this.#hear(line)));
    files.on('data', (data) => this.#passOn(data));
    this.child.once('error', (error) => this.#finish(this.#death('no_reply', `no child: ${error.message}`)));
    this.closed = new Promise((resolve) => this.child.once('close', resolve)); // it may come while the task is swept
    this.child.once('exit', (code, signal) => this.#ended(code, signal));
  }

  /** Take the child's stages and its reply. A line without the nonce did not come from our code. */
  #hear(line) {
    const message = heardOf(line, this.request.nonce);
    if (message === null) return;
    this.#stage = message.stage;
    this.#reply = message.reply ?? null;
  }

  /** Pass on what the child sends of its files, as far as it may send. */
  #passOn(data) {
    this.#filesLeft -= data.length;
    if (this.#filesLeft < 0) this.kill('too_much');
    else this.sendFiles(data);
  }

  /** Kill the group when its time is over or it holds more memory than it may. */
  enforce() {
    if (this.#killedFor || !this.pid) return;
    const folder = (this.principal?.usedBytes ?? 0) / MIB; // it lies in memory
    const resident = this.usage.residentMb(this.request.memory_mb) + folder;
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
    await this.principal?.sweep(); // no reply is believed while something of the task still runs
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
    const patience = new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref());
    return Promise.race([this.closed, patience]);
  }

  #finish(ending) {
    this.done({ signal: null, import_s: 0, value: null, error: null, ...ending }, this.log.text());
  }

  /** Accept the reply only of a child that then ended by itself and in order. */
  #judge(code, signal) {
    const { memory_mb, timeout_s } = this.request;
    if (this.#killedFor === 'out_of_memory') {
      return this.#death('out_of_memory', `it held more than the ${memory_mb} MiB allowed`);
    }
    if (this.#killedFor === 'too_much') {
      const most = this.request.most_bytes.toLocaleString('en-US');
      return this.#death('failed', `it sent more than the ${most} bytes of files allowed`);
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

/** Start a child that leads its own session; descriptor 3 is for its reply, 4 for its files. */
function start({ threads, timeout_s: timeoutS, memory_mb: memoryMb }, principal) {
  const node = [process.execPath, `--max-old-space-size=${Math.ceil(memoryMb)}`, CHILD];
  // Node has no setrlimit: the shell sees to it that a crash leaves no core file, and that a task has so many processes.
  const most = principal?.processes; // shells differ in the letter: p in dash and busybox, u in bash
  const cpuS = Math.ceil(timeoutS * availableParallelism()) + 10; // the time limit strikes before
  const own = most ? `ulimit -p ${most} 2>/dev/null || ulimit -u ${most}; ulimit -t ${cpuS}; ` : '';
  const limits = `ulimit -c 0; ${own}exec "$0" "$@"`;
  const [command, ...args] = existsSync(SHELL) ? [SHELL, '-c', limits, ...node] : node;
  const env = { ...process.env };
  for (const name of THREAD_VARIABLES) env[name] = String(threads);
  const stdio = ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'];
  if (!principal) return spawn(command, args, { env, detached: true, stdio });
  const { uid, home } = principal;
  for (const name of ['HOME', 'TMPDIR', 'TMP', 'TEMP']) env[name] = home;
  return spawn(command, args, { env, detached: true, stdio, cwd: home, uid, gid: uid });
}
