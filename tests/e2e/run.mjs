// `npm test`: all tests, two files at a time. `npm test -- resume turns` runs the files with these words in their names.

import {spawn} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {binary} from '../support/parley_process.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const words = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.mjs') && (words.length === 0 || words.some((word) => name.includes(word))))
  .sort();
if (files.length === 0) {
  console.error(`no test file's name has ${words.join(' or ')} in it`);
  process.exit(2);
}
console.log(`Testing ${binary()}`);

const child = spawn(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files], {cwd: folder, stdio: 'inherit'});
// A run that hangs must not take CI's time with it; nor must the children of one that is ended.
const deadline = setTimeout(() => child.kill(), 10 * 60_000);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
child.once('close', (code) => {
  clearTimeout(deadline);
  process.exitCode = code ?? 1;
});
