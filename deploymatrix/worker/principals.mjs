/**
 * A task as a principal of its own: a user id that no other task has, a folder that no other may enter, and one end.
 *
 * The same as principals.py. A child is another program here, so it starts under its id, and a shell ends what is left.
 */
import { randomInt } from 'node:crypto';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const HOME = 'task'; // the name of a task's folder in the one that is given
const PATIENCE_MS = 2000; // for one sweep
const SWEEPS = 10;
const REST_MS = 200; // after a sweep: what was killed, as a browser with its gigabytes, takes its time to be gone
// As the task's user: kill every other process of it at once, then empty the folder, whatever modes things were given.
const SWEEP = 'kill -9 -1 2>/dev/null; chmod -R u+rwx "$1" 2>/dev/null; find "$1" -mindepth 1 -delete 2>/dev/null';

/** The user ids and folders that the host's hello gives. */
export class Principals {
  constructor({ first, count, rooms, processes, closed }) {
    this.first = first;
    this.count = count;
    this.rooms = [...rooms];
    this.processes = processes;
    closed.forEach(close);
    this.next = randomInt(count); // containers share the kernel's counts by user id
  }

  /** Return the next principal, moved in. Throws when every folder is in use. */
  take() {
    const room = this.rooms.pop();
    if (room === undefined) throw new Error('more tasks at once than the host gave folders for');
    const uid = this.first + (this.next++ % this.count);
    try {
      return new Principal(uid, room, this.processes);
    } catch (error) {
      this.rooms.push(room);
      throw error;
    }
  }

  giveBack({ room }) {
    this.rooms.push(room);
  }
}

/** A user id, which is the group id too, the folder of one task, and how many processes and threads it may have. */
class Principal {
  constructor(uid, room, processes) {
    this.uid = uid;
    this.room = room;
    this.processes = processes;
    this.home = join(room, HOME);
    process.setegid(uid); // what is made now belongs to this group, and no right to change owners is needed
    try {
      mkdirSync(this.home);
    } finally {
      process.setegid(process.getgid());
    }
    chmodSync(this.home, 0o770);
  }

  /** What its folder holds, which is memory, in bytes. */
  get usedBytes() {
    const { blocks, bfree, bsize } = statfsSync(this.room);
    return (blocks - bfree) * bsize;
  }

  /** List the processes that still run under this user id; a zombie is dead. */
  survivors(apartFrom = 0) {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== apartFrom && isAliveAs(this.uid, name))
      .map(Number);
  }

  /** Resolve once nothing is left, neither process nor file. Throws where that cannot be reached. */
  async sweep() {
    for (let count = 0; count < SWEEPS; count++) {
      if ((await this.#sweepOnce()) && !this.survivors().length && this.#movedOut()) return;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
    throw new Error(`user id ${this.uid} cannot be swept: ${this.survivors()} live on`);
  }

  #sweepOnce() {
    const { uid } = this;
    const shell = spawn('/bin/sh', ['-c', SWEEP, 'sh', this.home], { uid, gid: uid, cwd: '/', stdio: 'ignore' });
    const killing = setInterval(() => this.survivors(shell.pid).forEach(end), 20);
    const patience = setTimeout(() => end(shell.pid), PATIENCE_MS);
    return new Promise((resolve) => {
      shell.once('error', () => resolve(false));
      shell.once('exit', (code) => resolve(code === 0));
    }).finally(() => {
      clearInterval(killing);
      clearTimeout(patience);
    });
  }

  #movedOut() {
    try {
      rmdirSync(this.home);
    } catch {
      return !existsSync(this.home);
    }
    return true;
  }
}

/** Let no task write to a folder of the server's. */
function close(folder) {
  try {
    chmodSync(folder, 0o755);
  } catch (error) {
    if (!['ENOENT', 'EPERM', 'EROFS'].includes(error.code)) throw error; // not there, or closed by the engine
  }
}

function isAliveAs(uid, pid) {
  let status;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return false; // ended meanwhile
  }
  const ids = /^Uid:\s+(.+)$/m.exec(status)?.[1].split(/\s+/) ?? [];
  return ids.includes(String(uid)) && !/^State:\s+[ZX]/m.test(status);
}

function end(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it has ended
  }
}
