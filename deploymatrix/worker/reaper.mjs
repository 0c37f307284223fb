/**
 * A process that outlives the server just long enough to kill the children it leaves behind.
 *
 * The children lead sessions of their own, so a SIGKILL to the server's group does not reach them.
 */
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(import.meta.url);

/** The writing end of a pipe. When it closes, the process at the other end kills the watched groups. */
export class Reaper {
  static start() {
    const process_ = spawn(process.execPath, [HERE], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
    process_.unref();
    process_.stdin.unref();
    return new Reaper(process_.stdin);
  }

  constructor(pipe) {
    this.pipe = pipe;
  }

  watch(group) {
    this.pipe.write(`+${group}\n`);
  }

  forget(group) {
    this.pipe.write(`-${group}\n`);
  }
}

async function outlive() {
  let commands = '';
  for await (const data of process.stdin) commands += data;
  const groups = new Set();
  for (const line of commands.split('\n').filter(Boolean)) {
    const group = Number(line.slice(1));
    if (line.startsWith('+')) groups.add(group);
    else groups.delete(group);
  }
  groups.forEach(kill);
}

function kill(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error; // it has ended
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === HERE) await outlive();
