/**
 * The memory that a process group holds, the CPU time of its leader, and the kernel's kills for lack of memory.
 * On Linux the figures come from /proc, elsewhere from `ps`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ON_LINUX = existsSync('/proc/self/statm');
const MEMBERS_MS = 500; // a group's members are looked up this often; their sizes at each call
const MIB = 1024 * 1024;
const TICKS_PER_S = 100; // USER_HZ, the unit of /proc's times, is 100 on every architecture that Node runs on

export class GroupUsage {
  #lookedUp = performance.now();
  #knownMb = 0;
  peakMb = 0;
  cpuS = null; // of the leader, as last seen; null where it never was

  /** `listMembers` lists the processes of a task that has a user id of its own; by default, those of its group. */
  constructor(group, listMembers = null) {
    this.group = group;
    this.listMembers = listMembers ?? (() => members(group));
    this.members = [group];
  }

  /** Return the MiB now. Pages that members share count once as soon as the plain sum passes the limit. */
  residentMb(limitMb) {
    const now = performance.now();
    const stale = now - this.#lookedUp > MEMBERS_MS;
    if (stale) this.#lookedUp = now;
    const resident = ON_LINUX ? this.#fromProc(stale, limitMb) : this.#fromPs(stale);
    this.peakMb = Math.max(this.peakMb, resident);
    return resident;
  }

  #fromProc(stale, limitMb) {
    this.cpuS = cpuSeconds(this.group) ?? this.cpuS;
    if (stale) this.members = this.listMembers();
    const total = sum(this.members.map(residentBytes)) / MIB;
    return total > limitMb && this.members.length > 1 ? sum(this.members.map(proportionalBytes)) / MIB : total;
  }

  #fromPs(stale) {
    if (stale) this.#knownMb = residentMbByPs(this.group);
    return this.#knownMb;
  }
}

/** Return how often the OOM killer struck in this control group (v2 or v1); null where that cannot be read. */
export function oomKills() {
  for (const counter of counters()) {
    const found = /^oom_kill (\d+)$/m.exec(read(counter) ?? '');
    if (found) return Number(found[1]);
  }
  return null;
}

/** Return the files that may hold the counter. A container sees its own group at the root of the mount. */
function counters() {
  const root = '/sys/fs/cgroup';
  const own = [];
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n').filter(Boolean)) {
    const [, controllers, ...path] = line.split(':');
    if (!controllers) own.push(join(root, path.join(':'), 'memory.events'));
    else if (controllers.split(',').includes('memory')) {
      own.push(join(root, 'memory', path.join(':'), 'memory.oom_control'));
    }
  }
  return [...own, join(root, 'memory.events'), join(root, 'memory/memory.oom_control')];
}

function members(group) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => Number(stat(pid)?.[2]) === group)
    .map(Number);
}

function cpuSeconds(pid) {
  const fields = stat(pid);
  return fields && (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** Return the fields of /proc/<pid>/stat after the command's name: state, ppid, pgrp, … utime (11), stime (12). */
function stat(pid) {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? null;
}

/** Return the resident bytes. The kernel counts them in kB here, whatever the size of a page. */
function residentBytes(pid) {
  return kilobytes(/^VmRSS:\s+(\d+) kB$/m, read(`/proc/${pid}/status`));
}

/** Return the resident bytes, each shared page divided by the number that share it; in full where the kernel does not tell. */
function proportionalBytes(pid) {
  return kilobytes(/^Pss:\s+(\d+) kB$/m, read(`/proc/${pid}/smaps_rollup`)) || residentBytes(pid);
}

function kilobytes(pattern, text) {
  const found = pattern.exec(text ?? '');
  return found ? Number(found[1]) * 1024 : 0;
}

function residentMbByPs(group) {
  const rows = execFileSync('ps', ['-axo', 'pgid=,rss='], { encoding: 'utf8' }).trim().split('\n');
  const sizes = rows.map((row) => row.trim().split(/\s+/).map(Number)).filter(([own]) => own === group);
  return sum(sizes.map(([, kilobytes]) => kilobytes)) / 1024;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Return a file's text; null where it is gone or not for us, such as that of a process that has ended. */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
