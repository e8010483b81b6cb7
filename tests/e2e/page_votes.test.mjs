// Votes in the page, in Debian's Chromium, among models that were chosen.

import assert from 'node:assert/strict';
import {assertAccessible} from '../support/browser.mjs';
import {answer, ask, choose, pageWorld, see, sessionOf, voteBar} from './page_world.mjs';
import {test} from './world.mjs';

const {upstream, parley, api, open} = await pageWorld();

test('a turn of two asks which is better once both have ended, and takes one vote', async (t) => {
  const models = [parley.model({reply: ['Left', ' words.'], holdAfter: 1}), parley.model({reply: ['Right words.']})];
  const page = await open(t);
  await choose(page, models);
  await ask(page, 'Which is better?');
  await see(answer(page, models[1]).getByText('Right words.'));
  await see(answer(page, models[0]).getByText('Left', {exact: true}));
  assert.equal(await page.getByRole('button', {name: 'Tie'}).count(), 0);
  (await upstream.request(models[0])).release();
  await see(voteBar(page));
  await assertAccessible(page);
  await page.getByRole('button', {name: 'Left is better'}).click();
  await see(page.getByText('Your vote: left is better.'));
  assert.equal(await page.getByRole('button', {name: 'Left is better'}).count(), 0);
  const [question] = await api.transcript(sessionOf(page));
  assert.deepEqual([question.vote.preference, question.vote.counted], ['a', false]);
  await page.reload();
  await see(page.getByText('Your vote: left is better.'));
});

test('of three answers one is best', async (t) => {
  const models = ['one', 'two', 'three'].map((word) => parley.model({reply: [word]}));
  const page = await open(t);
  await choose(page, models);
  await ask(page, 'Which is best?');
  await see(voteBar(page));
  await page.getByRole('button', {name: 'C is best'}).click();
  await see(page.getByText('Your vote: c is best.'));
  assert.equal((await api.transcript(sessionOf(page)))[0].vote.preference, 'c');
});
