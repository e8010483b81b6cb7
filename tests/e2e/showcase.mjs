// What the pictures under docs/ show: the real server and its page, with models whose answers are written here.

import {fileURLToPath} from 'node:url';
import {Api} from '../support/api_client.mjs';
import {Browser, openPage} from '../support/browser.mjs';
import {FaultUpstream} from '../support/fault_upstream.mjs';
import {Parley} from '../support/parley_process.mjs';

export const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
export const question = 'How does a hash map keep its operations fast when many keys collide?';

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

const behaviours = {
  marble: {reply: words(left), pace: 12, beforeFirst: 180, usage: {prompt: 21, completion: 168}},
  cobalt: {
    reasoning: ['The question is about collisions; name the strategies and compare their worst cases.'],
    ...{reply: words(right), pace: 9, beforeFirst: 320, usage: {prompt: 21, completion: 187}},
  },
};

/** `models`: those of the catalogue; the two above answer as they do, others with their name. Runs `body`, and ends all. */
export async function showcase(models, body) {
  const upstream = await FaultUpstream.start();
  for (const {id} of models) upstream.behave(id, behaviours[id] ?? {reply: [id]});
  // Names of their own: the models that Parley knows by itself stay without a key, and are never drawn.
  const providers = [['quarry', 'openai'], ['foundry', 'anthropic']].map(([name, kind]) => ({name, kind, base_url: `${upstream.origin}/v1`}));
  const parley = await Parley.start({config: {providers, models}});
  const browser = await Browser.start();
  try {
    const open = async (path, options) => openPage(await browser.window(parley.origin, options), path);
    await body({open, api: new Api(parley.origin)});
  } finally {
    await browser.stop();
    await parley.stop();
    await upstream.stop();
  }
}
