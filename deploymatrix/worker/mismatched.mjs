/** An artifact whose inputs or outputs are not its signature's: the step that made it is at fault, not the run. */

class WrongSignature extends Error {
  name = 'WrongSignature';
}

/** Return the runner with a run() that throws WrongSignature where that is why it failed. */
export function explaining(runner, signature) {
  const run = async (session, inputs) => {
    try {
      return await runner.run(session, inputs);
    } catch (error) {
      const problem = await difference(runner, session, signature);
      throw problem ? new WrongSignature(problem, { cause: error }) : error;
    }
  };
  return { ...runner, run };
}

/** Say which names the artifact and its signature do not share; null where they agree or nobody can tell. */
async function difference(runner, session, signature) {
  if (!runner.describe) return null;
  const described = await runner.describe(session);
  for (const side of ['inputs', 'outputs']) {
    const own = Object.keys(described[side]).sort();
    const said = Object.values(signature[side]).map(({ name }) => name).sort();
    if (String(own) !== String(said)) {
      return `the artifact's ${side} are [${own.join(', ')}], and its signature says [${said.join(', ')}]`;
    }
  }
  return null;
}
