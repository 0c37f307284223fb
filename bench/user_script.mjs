/** The script that a user would write for Node: one process runs every artifact. `node user_script.mjs REQUESTS.json` */
import { readFileSync, writeFileSync } from 'node:fs';

import { perform } from '../deploymatrix/worker/running.mjs';

const path = process.argv[2];
const made = {};
for (const request of JSON.parse(readFileSync(path, 'utf8'))) {
  try {
    made[request.id] = { value: await perform(request, () => {}), out: request.out };
  } catch (error) {
    made[request.id] = { error: String(error) };
  }
}
writeFileSync(path.replace(/\.json$/, '.made.json'), JSON.stringify(made));
