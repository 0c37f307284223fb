/** Bytes in, whole lines out. It drops a line of more than 16 MiB: no reply is as long. */
const LIMIT = 16 * 1024 * 1024;

export class Lines {
  #rest = Buffer.alloc(0);

  feed(data) {
    const whole = [];
    let rest = Buffer.concat([this.#rest, data]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      whole.push(rest.subarray(0, end).toString());
      rest = rest.subarray(end + 1);
    }
    this.#rest = rest.length <= LIMIT ? rest : Buffer.alloc(0);
    return whole;
  }
}
