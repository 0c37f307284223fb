/**
 * The outcome of a run that did not end well, as execution/outcomes.py of deploymatrix names it.
 * tests/vectors/failures.json holds the two to the same words.
 */
// Escape sequences, then every control character but tab and line feed: text of a runtime must not steer a terminal.
// eslint-disable-next-line no-control-regex -- they are what it is about
const CONTROL = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const LINE_END = /[\n\u2028\u2029]/;

/** Return {outcome, detail} for the worker's reply to a run whose status is not "ok". */
export function failure({ status, stage: reported, error, signal, exit_code: code }) {
  const stage = reported === 'run' ? 'run' : 'load'; // a runner whose import fails cannot load anything
  const message = messageOf(error);
  if (status === 'signaled') return { outcome: 'crashed', detail: `killed by ${signal} in stage ${stage}` };
  if (status === 'timed_out') return { outcome: status, detail: `no answer within the time limit, in stage ${stage}` };
  if (status === 'out_of_memory') {
    return { outcome: status, detail: message || `over the memory limit, in stage ${stage}` };
  }
  const silent = status === 'no_reply' ? `ended with exit code ${code} and without a reply` : '';
  return { outcome: `${stage}_failed`, detail: message || silent };
}

/** Return the text without escape sequences and control characters; tabs and line feeds stay. */
export function printable(text) {
  return text.replace(CONTROL, '');
}

/** Return the error's type and the first lines of its message. */
function messageOf(error) {
  if (!error) return '';
  const lines = printable(error.message ?? '').trim().split(LINE_END).filter((line) => line.trim());
  const shown = lines.slice(0, 6).map((line) => line.trimEnd()).join('\n');
  const kind = error.type ?? 'Error';
  return shown ? `${kind}: ${[...shown].slice(0, 600).join('')}` : kind;
}
