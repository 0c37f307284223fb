/** The task `run`: an artifact's outputs for each sample, by declared name and exactly as they came. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { explaining } from './mismatched.mjs';
import { readNpy } from './npy.mjs';
import { stepping } from './stepping.mjs';
import { cast, checked, copied } from './tensors.mjs';
import { Answers, check } from './varying.mjs';

const ENOUGH_S = 1.0;

/** Write `out/<i>/<output>.npy` for each sample i; say which outputs were found, extra and missing. */
export async function perform({ module, out, args, threads, timeout_s }, enter) {
  const until = performance.now() + timeout_s * 1000;
  const own = await import(pathToFileURL(module));
  const versions = versionsOf(own);
  const runner = stepping(explaining(own, args.signature), args);

  enter('load');
  const samples = args.samples.map((sample) => mapped(sample, readNpy));
  if (!samples.length) throw new Error('there are no samples: at least one is needed');
  const start = performance.now();
  let session = await runner.load(args.payload);
  const load_s = (performance.now() - start) / 1000;

  enter('run');
  const declared = new Map(Object.entries(args.signature.outputs).map(([name, entry]) => [entry.name, name]));
  const inputs = samples.map((sample) => prepared(sample, args.signature.inputs));
  const first = new Answers(out, declared);
  const run_s = [];
  let sizes;
  for (const [index, given] of inputs.entries()) {
    sizes = tellSizes(index, given, sizes);
    const { runs, seconds } = await timed((tensors) => runner.run(session, tensors), given, args.repeat);
    first.keep(runs);
    run_s.push(seconds);
  }
  const device = String((await own.device?.(session)) ?? ''); // empty: the processor itself
  session = null; // the next one gets its memory
  const sessionS = load_s + 2 * Math.max(...run_s);
  const bench = { runner, payload: args.payload, inputs, first, threads, until, sessionS };
  const checks = args.repeat ? await check(bench) : [];
  return { ...outputNames(declared, first.names), load_s, run_s, checks, device, versions };
}

/** Write to the log which sample comes now, where its sizes are others than those before: a failure may be theirs. */
function tellSizes(index, inputs, before) {
  const sizes = JSON.stringify(mapped(inputs, ({ shape }) => shape));
  if (before !== undefined && sizes !== before) process.stdout.write(`sample ${index}: sizes ${sizes}\n`);
  return sizes;
}

/** Return a sample under the artifact's own names and dtypes. Throws for a value that does not fit. */
function prepared(sample, entries) {
  const [given, expected] = [Object.keys(sample).sort(), Object.keys(entries).sort()];
  if (String(given) !== String(expected)) {
    throw new Error(`the sample has inputs ${given}, the signature ${expected}`);
  }
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [entry.name, cast(sample[name], entry.dtype, name)]),
  );
}

/**
 * Return the outputs of all runs, and the median of their seconds; each run gets inputs of its own. There are no further
 * runs once one took long enough to be measured.
 */
async function timed(run, inputs, repeat) {
  const runs = [];
  const seconds = [];
  while (seconds.length < Math.max(1, repeat) && sum(seconds) < ENOUGH_S) {
    const given = copied(inputs);
    const start = performance.now();
    const result = await run(given);
    seconds.push((performance.now() - start) / 1000);
    runs.push(checked(result));
  }
  return { runs, seconds: median(seconds) };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Return declared names found in every sample, names that nobody declared, declared names lacking in some. */
function outputNames(declared, names) {
  const ever = new Set(names.flatMap((some) => [...some]));
  const always = (own) => names.every((some) => some.has(own));
  const pairs = [...declared];
  return {
    outputs: pairs.filter(([own]) => always(own)).map(([, name]) => name),
    extra: [...ever].filter((own) => !declared.has(own)).sort(),
    missing: pairs.filter(([own]) => !always(own)).map(([, name]) => name),
  };
}

/** Return the versions of what a runner names in VERSIONS: of packages by name, of other programs in a pair. */
export function versionsOf(runner) {
  const told = (named) => (typeof named === 'string' ? [named, versionOf(named)] : named);
  return Object.fromEntries((runner.VERSIONS ?? []).map(told));
}

function versionOf(name) {
  const path = join(process.env.DEPLOYMATRIX_NODE_MODULES, name, 'package.json');
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
