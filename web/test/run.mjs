// `npm test`: bundles each test with what it tests, and runs them by Node's own runner.

import {build} from 'esbuild';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
const outdir = mkdtempSync(path.join(tmpdir(), 'parley-page-'));
try {
  await build({
    ...{entryPoints: tests.map((name) => folder + name), outdir, outExtension: {'.js': '.mjs'}},
    ...{bundle: true, platform: 'node', format: 'esm', target: 'node18', sourcemap: 'inline'},
  });
  const files = tests.map((name) => path.join(outdir, name.replace(/\.ts$/, '.mjs')));
  process.exitCode = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', ...files], {stdio: 'inherit'}).status ?? 1;
} finally {
  rmSync(outdir, {recursive: true});
}
