/** A log file of at most 1 MiB: it keeps head and tail, and a line between them says how much is missing. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const HEAD = 512 * 1024;
const MARKER = 128;
const TAIL = 512 * 1024 - MARKER;
const RECENT = 64 * 1024;

export class CappedLog {
  #written = 0;
  #later = Buffer.alloc(0); // the last TAIL bytes after the head, or up to twice as many
  #leftOut = 0;
  #closed = false;
  recent = Buffer.alloc(0);

  constructor(path) {
    mkdirSync(dirname(path), { recursive: true });
    this.file = openSync(path, 'w');
  }

  write(data) {
    if (this.#closed) return; // a process that left its group still writes
    this.recent = Buffer.concat([this.recent, data]).subarray(-RECENT);
    const head = data.subarray(0, HEAD - this.#written);
    this.#put(head);
    this.#written += head.length;
    this.#later = Buffer.concat([this.#later, data.subarray(head.length)]);
    if (this.#later.length > 2 * TAIL) this.#trim();
  }

  close() {
    this.#trim();
    if (this.#leftOut) this.#put(Buffer.from(`\n[... ${this.#leftOut} bytes left out ...]\n`));
    this.#put(this.#later);
    closeSync(this.file);
    this.#closed = true;
  }

  #trim() {
    const excess = this.#later.length - TAIL;
    if (excess <= 0) return;
    this.#later = Buffer.from(this.#later.subarray(excess));
    this.#leftOut += excess;
  }

  #put(data) {
    for (let at = 0; at < data.length; ) at += writeSync(this.file, data, at);
  }
}
