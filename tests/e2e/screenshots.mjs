// `npm run screenshots`: the pictures of the page under docs/. With words, only those that have one in their names.

import {docs, question, showcase} from './showcase.mjs';

const wanted = process.argv.slice(2);
const phone = {viewport: {width: 390, height: 780}, deviceScaleFactor: 2, isMobile: true, hasTouch: true};

const pair = [
  {id: 'marble', display_name: 'Marble 70B', provider: 'quarry'},
  {id: 'cobalt', display_name: 'Cobalt Large', provider: 'foundry'},
];

/** Models that only stand in the leaderboard, and how good they are: people prefer them with the odds that Elo has for that. */
const rivals = [
  ...[{id: 'quartz', display_name: 'Quartz Reasoner', skill: 1120}, {id: 'basalt', display_name: 'Basalt 8B', skill: 985}],
  ...[{id: 'amber', display_name: 'Amber Mini', skill: 1060}, {id: 'flint', display_name: 'Flint 3B', skill: 900}],
  ...[{id: 'opal', display_name: 'Opal Large', skill: 1090}, {id: 'slate', display_name: 'Slate Preview', skill: 1010}],
];
const ballots = 500;

/** Numbers that are the same each time, evenly between 0 and 1 (a linear congruential generator, of Numerical Recipes). */
let seed = 7;
const random = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32;

const skillOf = Object.fromEntries(rivals.map(({id, skill}) => [id, skill]));

function preferred(left, right) {
  const kind = random();
  if (kind < 0.14) return 'tie';
  if (kind < 0.2) return 'both_bad';
  return random() < 1 / (1 + 10 ** ((skillOf[right] - skillOf[left]) / 400)) ? 'left' : 'right';
}

await showcase(pair, async ({open}) => {
  const page = await open('/', {viewport: {width: 1280, height: 840}});
  for (const title of ['Rust or Go for a small proxy', 'Name ideas for a tea shop', 'Explain the birthday paradox'])
    await page.request.post('/api/sessions/', {data: {mode: 'compare', models: ['marble', 'cobalt'], title}});
  await page.reload();
  await page.getByRole('combobox', {name: 'Model A'}).selectOption('marble');
  await page.getByRole('combobox', {name: 'Model B'}).selectOption('cobalt');
  await page.getByRole('textbox', {name: 'Ask something'}).fill(question);
  await page.keyboard.press('Enter');
  for (const {display_name} of pair) await page.getByRole('article', {name: display_name}).getByText('tokens/s').waitFor();
  await page.locator('.hljs-keyword').first().waitFor();
  await shoot(page, 'page-compare.png');
  const path = new URL(page.url()).pathname;
  const again = async (options) => {
    const other = await open(path, options);
    await other.locator('.hljs-keyword').first().waitFor();
    return other;
  };
  await shoot(await again({colorScheme: 'dark'}), 'page-dark.png');
  await shoot(await again(phone), 'page-phone.png');
});

await showcase(rivals.map(({id, display_name}) => ({id, display_name, provider: 'quarry'})), async ({open, api}) => {
  for (let i = 0; i < ballots; ++i) {
    const {json: session} = await api.post('/api/sessions/', {mode: 'random', title: 'A blind comparison'});
    const run = await api.send(session.id, 'Which of you is better?');
    await run.all();
    // Here an answer is its model's name: the voter alone knows.
    const [asked, left, right] = await api.transcript(session.id);
    const {status, text} = await api.post('/api/feedback/', {turn_id: asked.turn_id, preference: preferred(left.content, right.content)});
    if (status !== 201) throw new Error(text);
    await api.delete(`/api/sessions/${session.id}/`); // its vote stays
  }
  const page = await open('/leaderboard', {viewport: {width: 1280, height: 860}});
  await page.locator('.standings').waitFor();
  await shoot(page, 'page-leaderboard.png');
});

async function shoot(page, name) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) return;
  await page.evaluate(() => document.fonts.ready);
  await page.locator('.transcript').evaluateAll((boxes) => boxes.forEach((box) => (box.scrollTop = 0)));
  await page.screenshot({path: docs + name, animations: 'disabled'});
  console.log(docs + name);
}
