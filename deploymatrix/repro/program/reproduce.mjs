/**
 * Reproduce one cell: node reproduce.mjs
 *
 * It needs nothing but what lies beside it, Node, and the packages of package-lock.json in node_modules; README.md says
 * how. It asks the worker for the very task that the cell failed in, compares what comes out with the float64
 * reference, and prints it. It exits with 0 when the cell passes, 1 when it fails, 2 when the task could not even be tried.
 *
 * The error of an output is max|y - y64| / max|y64|; the whole of it and every slice along each of its axes must be
 * within their limits, in every sample.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { failure, printable } from './failure.mjs';
import { named } from './fidelity.mjs';
import { shortFigure } from './judgement.mjs';
import { judge as comparisonOf } from './stability.mjs';
import { readNpy } from './worker/npy.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const GRACE_S = 120; // for the start, which is no part of the task's own time

async function main() {
  const bundle = JSON.parse(readFileSync(join(HERE, 'bundle.json'), 'utf8'));
  console.log(`${bundle.cell}: recorded as ${said(bundle.outcome, bundle.stage, bundle.detail)}`);
  const out = mkdtempSync(join(tmpdir(), 'reproduce-'));
  try {
    const reply = await ask(bundle, out);
    if (!reply) {
      console.error('the worker ended without a word: are the packages of package-lock.json installed?');
      return 2;
    }
    const { outcome, detail, outputs } = judge(bundle, reply, join(out, 'out'));
    if (outcome !== 'passed') process.stdout.write(tail(join(out, 'log.txt')));
    printTable(outputs);
    const again = outcome === bundle.outcome ? 'the same outcome' : 'ANOTHER OUTCOME than recorded';
    console.log(`now: ${said(outcome, null, detail)} (${again})`);
    return outcome === 'passed' ? 0 : 1;
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** Return the worker's result for the bundle's request; undefined when it ended without one. */
async function ask(bundle, out) {
  const place = { out: join(out, 'out'), deliver: false, most_bytes: 0, most_files: 0, readable: [] };
  const request = { ...absolute(bundle.request), ...place, op: 'submit', nonce: 'reproduce', threads: 1 };
  const modules = process.env.DEPLOYMATRIX_NODE_MODULES ?? join(HERE, 'node_modules');
  const env = { ...process.env, DEPLOYMATRIX_NODE_MODULES: modules };
  const command = bundle.command.map((word) => word.replaceAll('{worker}', join(HERE, 'worker')));
  const worker = spawn(process.execPath, command, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const watch = setTimeout(() => worker.kill('SIGKILL'), (request.timeout_s + GRACE_S) * 1000);
  worker.stdin.on('error', () => {}); // it has ended: its output will say so
  const placed = ([name, value]) => [name, value.replaceAll('{modules}', join(HERE, 'modules'))];
  const variables = Object.fromEntries(Object.entries(bundle.variables).map(placed));
  for (const message of [{ op: 'hello', protocol: 4, variables }, request]) {
    worker.stdin.write(`${JSON.stringify(message)}\n`);
  }
  try {
    return await resultOf(worker.stdout, join(out, 'log.txt'));
  } finally {
    clearTimeout(watch);
    worker.kill('SIGKILL');
  }
}

/** Return the result among what the worker writes; keep what the task wrote to its log. */
async function resultOf(said, log) {
  let rest = Buffer.alloc(0);
  for await (const data of said) {
    rest = Buffer.concat([rest, data]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const message = JSON.parse(rest.subarray(0, end).toString());
      if (message.op === 'result') return message;
      const begin = end + 1;
      const size = message.op === 'data' ? message.bytes : 0;
      if (rest.length < begin + size) break;
      appendFileSync(log, rest.subarray(begin, begin + size));
      rest = rest.subarray(begin + size);
    }
  }
  return undefined;
}

/** Return the request with {"path": ...} as paths on this machine. */
function absolute(value) {
  if (Array.isArray(value)) return value.map(absolute);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.keys(value).join() === 'path') return join(HERE, value.path);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, absolute(inner)]));
}

/** Return {outcome, detail, outputs: the figures of each}. */
function judge(bundle, reply, out) {
  if (reply.status !== 'ok') return { ...failure(reply), outputs: [] };
  const { missing, extra } = reply.value;
  const read = (name, sample) => [
    readNpy(join(out, String(sample), `${name}.npy`)),
    ...['float64', 'float32', ...bundle.orders.map((order) => `float32.${order}`)].map((word) =>
      readNpy(join(HERE, 'reference', String(sample), `${name}.${word}.npy`)),
    ),
  ];
  const graph = existsSync(join(HERE, 'evaluated')) ? ofGraph : null;
  const again = checksBelow(join(out, 'again'));
  const { outputs: declared, samples, limits } = bundle;
  const found = comparisonOf({ declared, samples, missing, extra, read, again, graph }, limits);
  return { ...found, outcome: named(found.outcome, found.outputs, limits) };
}

/** What a quantised artifact comes to in exact arithmetic; with the word ".rounded" when it rounds on the way, or null. */
function ofGraph(name, sample, word) {
  const path = join(HERE, 'evaluated', String(sample), `${name}${word}.npy`);
  return existsSync(path) ? readNpy(path) : null;
}

/** Return for each check what reads an output that it changed; null stands for one that it left as it was. */
function checksBelow(folder) {
  const checks = existsSync(folder) ? readdirSync(folder) : [];
  const reader = (check) => (name, sample) => {
    const path = join(folder, check, String(sample), `${name}.npy`);
    return existsSync(path) ? readNpy(path) : null;
  };
  return Object.fromEntries(checks.map((check) => [check, reader(check)]));
}

function printTable(outputs) {
  const [heads, wide] = [['error', 'limit', 'of limit'], (text) => text.padStart(10)];
  if (outputs.length) console.log(`${'output'.padEnd(24)} ${heads.map(wide).join(' ')}  verdict`);
  for (const { name, error, limit, headroom, problem } of outputs) {
    const figures = [error, limit, headroom].map((value) => wide(value === null ? '-' : shortFigure(value)));
    console.log(`${name.padEnd(24)} ${figures.join(' ')}  ${problem ?? 'passed'}`);
  }
}

function said(outcome, stage, detail) {
  const where = stage && outcome !== 'passed' ? ` in stage ${stage}` : '';
  return `${outcome}${where}${detail ? `: ${printable(detail)}` : ''}`;
}

/** Return the last lines of what the task wrote. */
function tail(log) {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [];
  return lines.slice(-20).map((line) => `  | ${printable(line)}\n`).join('');
}

process.exitCode = await main();
