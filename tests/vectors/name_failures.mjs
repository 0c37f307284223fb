/** Names every case of failures.json and prints what came out: node name_failures.mjs FAILURE.mjs failures.json */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , module, vectors] = process.argv;
const { failure } = await import(pathToFileURL(module));
const { cases } = JSON.parse(readFileSync(vectors, 'utf8'));
console.log(JSON.stringify(Object.fromEntries(cases.map(({ name, reply }) => [name, failure(reply)]))));
