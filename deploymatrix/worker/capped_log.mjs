/** A log of at most 1 MiB: it keeps head and tail, and a line between them says how much is missing. */
const HEAD = 512 * 1024;
const MARKER = 128;
const TAIL = 512 * 1024 - MARKER;
const RECENT = 64 * 1024;

export class CappedLog {
  #head = [];
  #room = HEAD;
  #later = Buffer.alloc(0); // the last TAIL bytes after the head, or up to twice as many
  #leftOut = 0;
  recent = Buffer.alloc(0);

  write(data) {
    this.recent = Buffer.concat([this.recent, data]).subarray(-RECENT);
    const head = data.subarray(0, this.#room);
    if (head.length) this.#head.push(head);
    this.#room -= head.length;
    this.#later = Buffer.concat([this.#later, data.subarray(head.length)]);
    if (this.#later.length > 2 * TAIL) this.#trim();
  }

  /** Return what is kept. */
  text() {
    this.#trim();
    const marker = this.#leftOut ? Buffer.from(`\n[... ${this.#leftOut} bytes left out ...]\n`) : Buffer.alloc(0);
    return Buffer.concat([...this.#head, marker, this.#later]);
  }

  #trim() {
    const excess = this.#later.length - TAIL;
    if (excess <= 0) return;
    this.#later = Buffer.from(this.#later.subarray(excess));
    this.#leftOut += excess;
  }
}
