/** The task `describe`: what an artifact itself says of its inputs and outputs, through the runner's `describe()`. */
import { pathToFileURL } from 'node:url';

import { versionsOf } from './running.mjs';

/** Name, dtype and shape of each input and output; null where the runtime cannot tell, or has no describe(). */
export async function perform({ module, args }, enter) {
  const runner = await import(pathToFileURL(module));
  const versions = versionsOf(runner);

  enter('load');
  const session = await runner.load(args.payload);
  if (!runner.describe) return { inputs: null, outputs: null, versions };
  const { inputs, outputs } = await runner.describe(session);
  return { inputs: wellFormed(inputs), outputs: wellFormed(outputs), versions };
}

function wellFormed(told) {
  const entries = Object.entries(told).map(([name, { dtype, shape }]) => [name, { dtype, shape: sizes(shape) }]);
  return Object.fromEntries(entries);
}

/** Sizes; one that is negative, zero or a name varies. */
function sizes(shape) {
  return shape === null ? null : shape.map((size) => (Number.isInteger(size) && size > 0 ? size : null));
}
