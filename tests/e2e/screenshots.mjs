// `npm run screenshots`: the pictures of the page under docs/, taken of the real server and page with two scripted models.

import {fileURLToPath} from 'node:url';
import {Browser, openPage} from '../support/browser.mjs';
import {FaultUpstream} from '../support/fault_upstream.mjs';
import {Parley} from '../support/parley_process.mjs';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const question = 'How does a hash map keep its operations fast when many keys collide?';

const left = `**Two things together**: it keeps the load low, and it keeps chains short.

1. When more than about 70 % of the slots are taken, the table *doubles* and every key is placed anew.
2. Keys that share a slot are kept beside each other, so that one cache line answers most lookups.

\`\`\`python
def find(table, key):
    at = hash(key) % len(table)
    while table[at] is not None:
        if table[at].key == key:
            return table[at].value
        at = (at + 1) % len(table)
    return None
\`\`\`

Doubling costs *O(n)*, but so rarely that an insertion stays **O(1) on average**.`;

const right = `It depends on the strategy. The common ones differ in what a collision costs:

| Strategy | Lookup | At worst |
|---|---|---|
| Chaining | list per slot | O(n) |
| Trees in slots | red-black tree | O(log n) |
| Robin Hood | probing, evened out | O(n), rarely |

- Java's \`HashMap\` turns a slot into a **tree** once eight keys share it.
- Rust's and Abseil's tables compare **16 slots at once** with one vector instruction.

A hash that attackers can't predict (SipHash with a random key) does the rest: without it, they could choose keys that all collide.`;

const words = (text) => text.match(/\S+\s*/g);

const upstream = await FaultUpstream.start();
upstream.behave('marble', {reply: words(left), pace: 12, beforeFirst: 180, usage: {prompt: 21, completion: 168}});
upstream.behave('cobalt', {
  reasoning: ['The question is about collisions; name the strategies and compare their worst cases.'],
  ...{reply: words(right), pace: 9, beforeFirst: 320, usage: {prompt: 21, completion: 187}},
});
const models = [
  {id: 'marble', display_name: 'Marble 70B', provider: 'openai'},
  {id: 'cobalt', display_name: 'Cobalt Large', provider: 'anthropic'},
];
const parley = await Parley.start({upstream, config: {models}});
const browser = await Browser.start();
try {
  const window = await browser.window(parley.origin, {viewport: {width: 1280, height: 800}});
  const page = await openPage(window);
  for (const title of ['Rust or Go for a small proxy', 'Name ideas for a tea shop', 'Explain the birthday paradox'])
    await page.request.post('/api/sessions/', {data: {mode: 'compare', models: ['marble', 'cobalt'], title}});
  await page.reload();
  await page.getByRole('combobox', {name: 'Model A'}).selectOption('marble');
  await page.getByRole('combobox', {name: 'Model B'}).selectOption('cobalt');
  await page.getByRole('textbox', {name: 'Ask something'}).fill(question);
  await page.keyboard.press('Enter');
  for (const {display_name} of models) await page.getByRole('article', {name: display_name}).getByText('tokens/s').waitFor();
  await page.locator('.hljs-keyword').first().waitFor();
  await shoot(page, 'page-compare.png');
  const path = new URL(page.url()).pathname;
  await shoot(await at(path, {colorScheme: 'dark'}), 'page-dark.png');
  await shoot(await at(path, {viewport: {width: 390, height: 780}, deviceScaleFactor: 2, isMobile: true, hasTouch: true}), 'page-phone.png');
} finally {
  await browser.stop();
  await parley.stop();
  await upstream.stop();
}

async function at(path, options) {
  const page = await openPage(await browser.window(parley.origin, options), path);
  await page.locator('.hljs-keyword').first().waitFor();
  return page;
}

async function shoot(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.locator('.transcript').evaluate((box) => (box.scrollTop = 0));
  await page.screenshot({path: docs + name, animations: 'disabled'});
  console.log(docs + name);
}
