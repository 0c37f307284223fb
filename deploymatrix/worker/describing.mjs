/**
 * The task `describe`: what an artifact itself says of its inputs and outputs, through the runner's `describe()`, and
 * which of its tables they index, through `lookups()` in the file `lookups.mjs` beside the runner.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { versionsOf } from './running.mjs';

/** Return name, dtype and shape of each input and output, and the lookups; null where the runtime does not say. */
export async function perform({ module, args }, enter) {
  const runner = await import(pathToFileURL(module));
  const versions = versionsOf(runner);

  enter('load');
  const session = await runner.load(args.payload);
  const told = await foundLookups(path.join(path.dirname(module), 'lookups.mjs'), session, args.payload);
  if (!runner.describe) return { inputs: null, outputs: null, ...told, versions };
  const { inputs, outputs } = await runner.describe(session);
  return { inputs: checkedSide(inputs), outputs: checkedSide(outputs), ...told, versions };
}

async function foundLookups(file, session, payload) {
  if (!existsSync(file)) return { lookups: null, unread: null };
  try {
    const found = await (await import(pathToFileURL(file))).lookups(session, payload);
    return { lookups: found.map(({ input, table, rows }) => ({ input, table, rows })), unread: null };
  } catch (error) {
    return { lookups: null, unread: String(error) }; // an artifact that runs is not wrong because its graph was not followed
  }
}

function checkedSide(described) {
  const entries = Object.entries(described).map(([name, { dtype, shape }]) => [name, { dtype, shape: sizes(shape) }]);
  return Object.fromEntries(entries);
}

/** Return the sizes: a number, the name of one that varies, or null for one that varies and bears no name. */
function sizes(shape) {
  return shape === null ? null : shape.map(sizeOf);
}

function sizeOf(size) {
  if (typeof size === 'string') return size || null;
  return Number.isInteger(size) && size > 0 ? size : null;
}
