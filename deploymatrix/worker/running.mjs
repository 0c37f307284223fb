/** The task `run`: an artifact's outputs for each sample, by declared name and exactly as they came. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { readNpy, writeNpy } from './npy.mjs';
import { cast, checked } from './tensors.mjs';

const ENOUGH_S = 1.0;

/** Write `out/<i>/<output>.npy` for each sample i; say which outputs were found, extra and missing. */
export async function perform({ module, out, args }, enter) {
  const runner = await import(pathToFileURL(module));
  const versions = versionsOf(runner);

  enter('load');
  const samples = args.samples.map((sample) => mapped(sample, readNpy));
  if (!samples.length) throw new Error('there are no samples: at least one is needed');
  const start = performance.now();
  const session = await runner.load(args.payload);
  const load_s = (performance.now() - start) / 1000;

  enter('run');
  const declared = new Map(Object.entries(args.signature.outputs).map(([name, entry]) => [entry.name, name]));
  const names = [];
  const run_s = [];
  for (const [index, sample] of samples.entries()) {
    const inputs = prepared(sample, args.signature.inputs);
    const { outputs, seconds } = await timed((given) => runner.run(session, given), inputs, args.repeat);
    writeOutputs(join(out, String(index)), declared, outputs);
    names.push(new Set(Object.keys(outputs)));
    run_s.push(seconds);
  }
  return { ...outputNames(declared, names), load_s, run_s, versions };
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
 * Return the first run's outputs and the median of all runs' seconds; each run gets inputs of its own. Only the
 * measured time needs repeated runs: there are none once a run took long enough to be measured.
 */
async function timed(run, inputs, repeat) {
  let outputs = null;
  const seconds = [];
  while (seconds.length < Math.max(1, repeat) && sum(seconds) < ENOUGH_S) {
    const given = mapped(inputs, (tensor) => ({ ...tensor, data: tensor.data.slice() }));
    const start = performance.now();
    const result = await run(given);
    seconds.push((performance.now() - start) / 1000);
    outputs ??= checked(result);
  }
  return { outputs, seconds: median(seconds) };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function writeOutputs(folder, declared, outputs) {
  for (const [own, tensor] of Object.entries(outputs)) {
    if (!declared.has(own)) continue;
    mkdirSync(folder, { recursive: true });
    writeNpy(join(folder, `${declared.get(own)}.npy`), tensor);
  }
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

/** Return the versions, by package, of what a runner names in VERSIONS. */
export function versionsOf(runner) {
  return Object.fromEntries((runner.VERSIONS ?? []).map((name) => [name, versionOf(name)]));
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
