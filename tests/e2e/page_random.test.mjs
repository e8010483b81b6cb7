// Random sessions in the page, in Debian's Chromium: names that nobody sees before the vote, and everybody after it.

import assert from 'node:assert/strict';
import {assertAccessible} from '../support/browser.mjs';
import {answer, ask, composer, pageWorld, see, sessionOf, voteBar} from './page_world.mjs';
import {forDraws, test} from './world.mjs';

const {api, open} = await pageWorld(forDraws);

test('a random turn from the first keystroke to the vote that says who it was, in both windows', async (t) => {
  const page = await open(t);
  await page.getByRole('radio', {name: 'Random'}).check();
  await composer(page).focus();
  await page.keyboard.type('Who are you two?');
  await page.keyboard.press('Enter');
  await see(voteBar(page));
  const other = await open(t, new URL(page.url()).pathname);
  await see(voteBar(other));
  const session = sessionOf(page);
  for (const window of [page, other]) {
    for (const name of ['Model A', 'Model B']) await see(answer(window, name));
    const shown = await window.locator('main').innerText();
    assert.doesNotMatch(shown, /openai|anthropic|quick|tokens|first token/, `it shows whose answers they are:\n${shown}`);
  }
  await assertAccessible(page);
  assert.deepEqual((await api.get(`/api/sessions/${session}/`)).json.models.map(({id}) => id), [null, null]);
  await page.getByRole('button', {name: 'Both are bad'}).click();
  await see(page.getByText('Your vote: both are bad.'));
  const {models} = (await api.get(`/api/sessions/${session}/`)).json;
  for (const window of [page, other])
    for (const {display_name} of models) {
      await see(answer(window, display_name));
      await see(answer(window, display_name).getByText('tokens', {exact: false}));
    }
  await see(other.getByText('Your vote: both are bad.'));
  await assertAccessible(page);
  // The next question goes on in the open.
  await ask(page, 'And now?');
  for (const {display_name} of models) await see(answer(page, display_name).nth(1));
  assert.equal(await answer(page, 'Model A').count(), 0);
});

test('a copy of a random session draws anew and keeps its secret', async (t) => {
  const page = await open(t);
  await page.getByRole('radio', {name: 'Random'}).check();
  await ask(page, 'Copy me');
  await see(voteBar(page));
  await page.getByRole('main').getByRole('button', {name: 'Actions for Copy me'}).click();
  await page.getByRole('menuitem', {name: 'Duplicate'}).click();
  await see(page.getByRole('heading', {name: 'Copy me (copy)'}));
  await ask(page, 'And on?');
  await see(answer(page, 'Model B'));
  await see(voteBar(page));
  const {mode, models} = (await api.get(`/api/sessions/${sessionOf(page)}/`)).json;
  assert.deepEqual([mode, ...models.map(({id}) => id)], ['random', null, null]);
});
