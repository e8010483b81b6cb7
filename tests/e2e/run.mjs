// `npm test`: all tests, two files at a time. `npm test -- resume turns` runs the files with these words in their names;
// `npm test -- --store postgres` lets the servers keep their conversations in a PostgreSQL, which the run starts and ends.

import {spawn} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {binary} from '../support/parley_process.mjs';
import {Postgres} from '../support/postgres.mjs';

function wrong(what) {
  console.error(what);
  process.exit(2);
}

const folder = fileURLToPath(new URL('.', import.meta.url));
const {values, positionals: words} = parseArgs({options: {store: {type: 'string', default: 'sqlite'}}, allowPositionals: true});
if (!['sqlite', 'postgres'].includes(values.store)) wrong(`--store is sqlite or postgres, not ${values.store}`);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.mjs') && (words.length === 0 || words.some((word) => name.includes(word))))
  .sort();
if (files.length === 0) wrong(`no test file's name has ${words.join(' or ')} in it`);
console.log(`Testing ${binary()} on ${values.store}`);

// Nothing here is about what outlives a crash of the machine: without waiting for the disk the tests are faster.
const server = values.store === 'postgres' ? await Postgres.start({durable: false}) : undefined;
const env = {...process.env, PARLEY_E2E_POSTGRES: server?.url ?? ''};
const args = ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files];
const child = spawn(process.execPath, args, {cwd: folder, stdio: 'inherit', env});
// A run that hangs must not take CI's time with it; nor must the children of one that is ended.
const deadline = setTimeout(() => child.kill(), 10 * 60_000);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
child.once('close', async (code) => {
  clearTimeout(deadline);
  await server?.stop();
  process.exitCode = code ?? 1;
});
