/** The task `describe`: what an artifact itself says of its inputs and outputs, through the runner's `describe()`. */
import { pathToFileURL } from 'node:url';

import { versionsOf } from './running.mjs';

/** Return name, dtype and shape of each input and output; null where the runtime does not say. */
export async function perform({ module, args }, enter) {
  const runner = await import(pathToFileURL(module));
  const versions = versionsOf(runner);

  enter('load');
  const session = await runner.load(args.payload);
  if (!runner.describe) return { inputs: null, outputs: null, versions };
  const { inputs, outputs } = await runner.describe(session);
  return { inputs: checkedSide(inputs), outputs: checkedSide(outputs), versions };
}

function checkedSide(described) {
  const entries = Object.entries(described).map(([name, { dtype, shape }]) => [name, { dtype, shape: sizes(shape) }]);
  return Object.fromEntries(entries);
}

/** Return the sizes; one that is negative, zero or a name varies and becomes null. */
function sizes(shape) {
  return shape === null ? null : shape.map((size) => (Number.isInteger(size) && size > 0 ? size : null));
}
