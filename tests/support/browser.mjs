// Debian's Chromium, driven by playwright-core. A page keeps what it complains about: a test that ends with an error in the
// console has failed. Accessibility is axe's business (WCAG 2.2 A and AA, and what it calls good practice).

import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {root} from './parley_process.mjs';

// The packages are those of tests/e2e.
const require = createRequire(`${root}/tests/e2e/package.json`);
const {chromium} = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const executable = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';

export class Browser {
  #browser;

  static async start() {
    if (!existsSync(executable)) throw new Error(`there is no ${executable}: install Debian's chromium, or name another in CHROMIUM_BIN`);
    const made = new Browser();
    // CI is root in a container: there the sandbox can't be had. The pages are ours.
    made.#browser = await chromium.launch({executablePath: executable, args: ['--no-sandbox', '--disable-gpu']});
    return made;
  }

  async stop() {
    await this.#browser.close();
  }

  /** A window of its own, with nothing remembered; `options` as playwright's newContext has them. */
  async window(origin, options = {}) {
    const context = await this.#browser.newContext({baseURL: origin, viewport: {width: 1280, height: 800}, ...options});
    context.setDefaultTimeout(15_000);
    return context;
  }
}

/** A page whose complaints are kept in `complaints`. */
export async function openPage(context, path = '/') {
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => page.complaints.push(String(error.stack ?? error)));
  await page.goto(path);
  return page;
}

/** Axe finds nothing on the page as it is now. */
export async function assertAccessible(page) {
  // By the debugger, as a user's extension would: the page's own policy lets no foreign script in.
  await page.evaluate(axe);
  const {violations} = await page.evaluate(() => globalThis.axe.run(document));
  const found = violations.map(({id, help, nodes}) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n    ${node.failureSummary}`).join('\n')}`);
  assert.deepEqual(found, [], found.join('\n'));
}
