/**
 * The files that a task made, sent to the server: the host opens nothing that a task could reach.
 *
 * Each file is a line of JSON, `{"path": "0/y.npy", "bytes": 168}`, and then that many bytes.
 */
import { existsSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Send the folder's files, in the order of their names. Throws for more than `most`, before any is sent. */
export function deliver(folder, fd, most) {
  const paths = filesBelow(folder);
  if (paths.length > most) {
    throw new Error(`it left more than ${most.toLocaleString('en-US')} files, which is more than it may send`);
  }
  for (const path of paths) {
    const data = readFileSync(path);
    const head = { path: relative(folder, path), bytes: data.length };
    writeAll(fd, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), data]));
  }
}

export function writeAll(fd, data) {
  for (let at = 0; at < data.length; ) {
    try {
      at += writeSync(fd, data, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error; // the pipe is full, and the server on its way
    }
  }
}

/** Return the regular files at any depth. Throws for what is neither file nor folder. */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((item) => {
      if (item.isDirectory()) return filesBelow(join(folder, item.name));
      if (!item.isFile()) throw new Error(`${item.name} is neither a file nor a folder`);
      return [join(folder, item.name)];
    });
}
