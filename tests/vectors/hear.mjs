// Prints, for each line of a JSON list on stdin, whether the Node worker hears it from a child whose nonce is NONCE.
import { readFileSync } from 'node:fs';

import { heardOf } from '../../deploymatrix/worker/childs_words.mjs';

const lines = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(lines.map((line) => heardOf(line, 'NONCE') !== null)));
