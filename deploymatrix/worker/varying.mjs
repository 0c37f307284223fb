/**
 * The checks of a run: the artifact answers again with one thing otherwise that must not change an answer.
 *
 * A second session has another load, the samples in reverse order and, where the runner can, another number of threads.
 * If an answer then differs in any bit, further sessions vary one thing at a time, so that the host can tell which it
 * was. What differs is written below `out/again`; how far it may differ is not judged here.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { readNpy, writeNpy } from './npy.mjs';
import { checked, copied, identical } from './tensors.mjs';

const ENOUGH_S = 1.0; // a session that has run this long leaves out the samples between its first and its last

/** What the first session answered, in files, under the declared names; `declared` has them by the artifact's own. */
export class Answers {
  names = [];
  repeated = false; // whether any sample was run more than once

  constructor(out, declared) {
    this.out = out;
    this.declared = declared;
  }

  /** Write the next sample's outputs, and those of its further runs that differ. */
  keep([first, ...others]) {
    const index = this.names.length;
    this.names.push(new Set(Object.keys(first)));
    this.repeated ||= others.length > 0;
    for (const name of this.#known(first)) write(this.#folder(index), this.declared.get(name), first[name]);
    others.forEach((outputs, number) => this.differ(`repeat-${number + 2}`, index, outputs));
  }

  /** Write each output that is not the same bit by bit; return whether there was one. Throws for other names. */
  differ(check, index, outputs) {
    const [before, now] = [[...this.names[index]].sort(), Object.keys(outputs).sort()];
    if (String(before) !== String(now)) throw new Error(`run() gave outputs ${before} at first, ${now} in ${check}`);
    const differing = this.#known(outputs).filter((name) => !identical(outputs[name], this.#first(index, name)));
    for (const name of differing) {
      write(join(this.out, 'again', check, String(index)), this.declared.get(name), outputs[name]);
    }
    return differing.length > 0;
  }

  #known(outputs) {
    return Object.keys(outputs).filter((name) => this.declared.has(name));
  }

  #first(index, name) {
    return readNpy(join(this.#folder(index), `${this.declared.get(name)}.npy`));
  }

  #folder(index) {
    return join(this.out, String(index));
  }
}

/**
 * Return which of repeat, load, order and threads were varied; the last three are left out where time is short.
 *
 * `bench`: {runner, payload, inputs, first: Answers, threads: of the first session, until: when the checks must be over
 * by `performance.now()`, sessionS: seconds that a session may take}.
 */
export async function check(bench) {
  const made = bench.first.repeated ? ['repeat'] : [];
  if (!hasTime(bench)) return made;
  const changes = ['load'];
  if (bench.inputs.length > 1) changes.push('order');
  if (bench.runner.SETS_THREADS) changes.push('threads');
  const threads = changes.includes('threads') ? otherThreads(bench.threads) : bench.threads;
  const several = changes.length === 3;
  const backwards = [...bench.inputs.keys()].reverse();
  const found = await differing(bench, several ? 'together' : changes.at(-1), backwards, threads);
  if (found !== null && changes.length > 1) {
    await isolate(bench, backwards.slice(0, backwards.indexOf(found) + 1), threads, several);
  }
  return [...made, ...changes];
}

/** Vary one thing at a time. `order` ends with a sample that was answered otherwise when all were varied at once. */
async function isolate(bench, order, threads, several) {
  const sessions = [['load', [0], bench.threads]];
  if (several) sessions.push(['order', order, bench.threads], ['threads', [...Array(order.at(-1) + 1).keys()], threads]);
  for (const session of sessions) {
    if (hasTime(bench)) await differing(bench, ...session);
  }
}

/** Return the first sample of `order` that a new session answers otherwise; null where there is none. */
async function differing({ runner, payload, inputs, first }, name, order, threads) {
  process.env.DEPLOYMATRIX_THREADS = String(threads);
  const session = await loadedAgain(runner, payload);
  const start = performance.now();
  let found = null;
  for (const index of order) {
    const ends = index === order[0] || index === order.at(-1);
    if (performance.now() - start > ENOUGH_S * 1000 && !ends) continue;
    const outputs = checked(await runner.run(session, copied(inputs[index])));
    if (first.differ(name, index, outputs)) found ??= index;
  }
  return found;
}

async function loadedAgain(runner, payload) {
  try {
    return await runner.load(payload);
  } catch (error) {
    throw new Error(`loaded again, after it had run: ${error.message ?? error}`, { cause: error });
  }
}

/** Tell whether a session would end in time, were it twice as slow as the first one. */
function hasTime({ until, sessionS }) {
  return performance.now() + 2 * sessionS * 1000 < until;
}

function otherThreads(threads) {
  return threads === 1 ? 2 : 1;
}

function write(folder, name, tensor) {
  mkdirSync(folder, { recursive: true });
  writeNpy(join(folder, `${name}.npy`), tensor);
}
