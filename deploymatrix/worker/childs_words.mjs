/** A line from a child, believed only where its form is right: native code in the child can write what it likes. */
const STAGES = new Set(['import', 'open', 'reference', 'export', 'load', 'run']);
const STATUSES = new Set(['ok', 'failed', 'out_of_memory']); // that a child can tell of itself
const WORDS = ['type', 'message', 'traceback']; // of an error, besides its chain
const MOST_WORD = 1 << 16; // characters of each
const MOST_LINKS = 64;
const LEVELS = 16; // of lists and objects in one another; no task's value has as many

/** Return the message in a line; null for one that is not the protocol's, or not this request's. */
export function heardOf(line, nonce) {
  const message = parsed(line);
  if (!isObject(message) || message.nonce !== nonce || !STAGES.has(message.stage)) return null;
  return 'reply' in message && !isReply(message.reply) ? null : message;
}

/** Return the value with every lone surrogate replaced, in keys too: UTF-8 has none, and readers refuse its escape. */
export function wellFormed(value) {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]));
}

function isReply(reply) {
  if (!isObject(reply) || !STATUSES.has(reply.status)) return false;
  const { status, value, error, usage, ...rest } = reply;
  if (Object.keys(rest).length || (usage !== undefined && !isUsage(usage))) return false;
  return status === 'ok' ? isObject(value) && isShallow(value, LEVELS) && error === undefined : isError(error);
}

function isUsage({ cpu_s, peak_mb }) {
  return [cpu_s, peak_mb].every((figure) => Number.isFinite(figure) && figure >= 0);
}

function isError(error) {
  if (!isObject(error) || Object.keys(error).some((key) => key !== 'chain' && !WORDS.includes(key))) return false;
  const chain = error.chain ?? [];
  if (!Array.isArray(chain) || chain.length > MOST_LINKS || !chain.every(isLink)) return false;
  return WORDS.every((key) => isWord(error[key]));
}

function isLink(link) {
  return isObject(link) && Object.keys(link).sort().join() === 'link,message,type' && Object.values(link).every(isWord);
}

function isWord(word) {
  return typeof word === 'string' && word.length <= MOST_WORD;
}

function isShallow(value, levels) {
  const inner = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return levels > 0 && inner.every((item) => isShallow(item, levels - 1));
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null; // not ours
  }
}
