/**
 * A model with state: each sample is a sequence of steps, and what one step gives is what the next one takes.
 *
 * The loop is here alone: a runner runs one step at a time.
 */
import { ARRAYS, cast, checked } from './tensors.mjs';

/**
 * Return the runner with a run() that takes and gives sequences; itself for a model without state. State goes from one
 * artifact's output to its input by their own names, and in the input's dtype.
 */
export function stepping(runner, { signature, state: loop }) {
  if (!loop) return runner;
  const pairs = Object.entries(loop.feedback);
  const feedback = pairs.map(([into, out]) => [signature.inputs[into].name, signature.outputs[out].name]);
  const dtypes = Object.fromEntries(Object.values(signature.inputs).map(({ name, dtype }) => [name, dtype]));

  const run = async (session, sequence) => {
    let state = Object.fromEntries(feedback.map(([into]) => [into, sequence[into]]));
    const answers = [];
    for (let step = 0; step < loop.steps; step++) {
      const answer = checked(await runner.run(session, atStep(sequence, state, step)));
      state = Object.fromEntries(feedback.map(([into, out]) => [into, cast(fedBack(answer, out), dtypes[into], into)]));
      answers.push(answer);
    }
    return together(answers);
  };
  return { ...runner, run };
}

/** Return the inputs of one step, with data of their own: a runner may write into them. */
function atStep(sequence, state, step) {
  const taken = ([name, tensor]) => [name, state[name] ? copied(state[name]) : sliced(tensor, step)];
  return Object.fromEntries(Object.entries(sequence).map(taken));
}

function copied({ dtype, shape, data }) {
  return { dtype, shape, data: data.slice() };
}

function sliced({ dtype, shape, data }, step) {
  const size = data.length / shape[0];
  return { dtype, shape: shape.slice(1), data: data.slice(step * size, (step + 1) * size) };
}

function fedBack(answer, name) {
  if (name in answer) return answer[name];
  throw new Error(`run() gave outputs ${Object.keys(answer).sort()}; '${name}' is lacking, which is fed back`);
}

/** Put the outputs of all steps below each other. Throws where two steps give others in kind. */
function together(answers) {
  const first = told(answers[0]);
  answers.forEach((answer, step) => {
    if (told(answer) !== first) throw new Error(`run() gave ${first} in step 0, ${told(answer)} in step ${step}`);
  });
  return Object.fromEntries(Object.keys(answers[0]).map((name) => [name, stacked(answers.map((each) => each[name]))]));
}

function stacked(tensors) {
  const { dtype, shape, data } = tensors[0];
  const all = new ARRAYS[dtype](data.length * tensors.length);
  tensors.forEach((tensor, step) => all.set(tensor.data, step * data.length));
  return { dtype, shape: [tensors.length, ...shape], data: all };
}

function told(answer) {
  const names = Object.keys(answer).sort();
  return names.map((name) => `${name} ${answer[name].dtype}[${answer[name].shape.join(', ')}]`).join(', ');
}
