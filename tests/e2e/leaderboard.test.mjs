// GET /api/leaderboard/: blind votes, cast as people cast them, and the ratings that scikit-learn finds for them.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {test} from 'node:test';
import {promisify} from 'node:util';
import {assertAccessible} from '../support/browser.mjs';
import {root, until} from '../support/parley_process.mjs';
import {see} from './page_world.mjs';
import {showcase} from './showcase.mjs';

const models = [
  {id: 'opal', display_name: 'Opal Large', provider: 'quarry'},
  {id: 'amber', display_name: 'Amber Mini', provider: 'quarry'},
  {id: 'flint', display_name: 'Flint 3B', provider: 'quarry'},
];

/** What is said of an answer pair, by the models' order: the voter knows them by their texts. Mostly the better one wins. */
const verdicts = ['better', 'better', 'tie', 'better', 'worse', 'better', 'both_bad'];

/** Casts that many blind votes. How often what was said: {first, second, first_won, second_won, draws} by pair. */
async function castVotes(api, count, tally) {
  const order = models.map(({id}) => id);
  for (let i = 0; i < count; ++i) {
    const made = await api.post('/api/sessions/', {mode: 'random'});
    assert.equal(made.status, 201, made.text);
    await (await api.send(made.json.id, 'Who are you?')).all();
    const [asked, left, right] = await api.transcript(made.json.id);
    const sides = [order.indexOf(left.content), order.indexOf(right.content)];
    assert.ok(!sides.includes(-1) && sides[0] !== sides[1], `${left.content} beside ${right.content}`);
    const leftIsBetter = sides[0] < sides[1];
    const verdict = verdicts[i % verdicts.length];
    const preference = verdict === 'better' ? (leftIsBetter ? 'left' : 'right') : verdict === 'worse' ? (leftIsBetter ? 'right' : 'left') : verdict;
    const vote = await api.post('/api/feedback/', {turn_id: asked.turn_id, preference});
    assert.equal(vote.status, 201, vote.text);
    const [first, second] = [...sides].sort();
    const pair = (tally[`${first} ${second}`] ??= {first, second, better: 0, worse: 0, tie: 0, both_bad: 0});
    ++pair[verdict];
  }
}

async function ratingsOfSklearn(tally) {
  const pairs = Object.values(tally).map(({first, second, better, worse, tie, both_bad}) => [first, second, better, worse, tie + both_bad]);
  const running = promisify(execFile)('/usr/bin/python3', [`${root}/tests/support/bradley_terry.py`]);
  running.child.stdin.end(JSON.stringify({models: models.length, pairs}));
  return JSON.parse((await running).stdout);
}

test('the leaderboard', {timeout: 120_000}, async (t) => {
  await showcase(models, async ({api, open}) => {
    const board = async (period = '') => {
      const {status, json, text} = await api.get(`/api/leaderboard/${period && `?period=${period}`}`);
      assert.equal(status, 200, text);
      return json;
    };
    const tally = {};

    await t.test('is empty before the first vote, and the page says what to do', async () => {
      assert.deepEqual(await board(), {period: 'all', votes: 0, data: [], win_matrix: {models: [], wins: []}});
      const page = await open('/leaderboard');
      await see(page.getByRole('heading', {name: 'No votes yet'}));
      await assertAccessible(page);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });

    await t.test('has the ratings that scikit-learn finds for the same votes', async () => {
      await castVotes(api, 42, tally);
      const {votes, data} = await board();
      assert.equal(votes, 42);
      const expected = await ratingsOfSklearn(tally);
      for (const {model, rating, low, high} of data) {
        const at = models.findIndex(({id}) => id === model.id);
        assert.ok(Math.abs(rating - expected[at]) <= 0.06, `${model.id}: ${rating}, not ${expected[at]}`);
        assert.ok(low < rating && rating < high, `${low} < ${rating} < ${high}`);
        assert.equal(model.display_name, models[at].display_name);
      }
      assert.deepEqual(data.map(({rating}) => rating), data.map(({rating}) => rating).sort((a, b) => b - a));
    });

    await t.test('counts what was said of whom', async () => {
      const {data, win_matrix} = await board();
      const pairs = Object.values(tally);
      for (const [at, {id}] of models.entries()) {
        const first = pairs.filter((pair) => pair.first === at);
        const second = pairs.filter((pair) => pair.second === at);
        const sum = (list, what) => list.reduce((all, pair) => all + pair[what], 0);
        const its = data.find(({model}) => model.id === id);
        assert.equal(its.wins, sum(first, 'better') + sum(second, 'worse'));
        assert.equal(its.losses, sum(first, 'worse') + sum(second, 'better'));
        assert.equal(its.ties, sum([...first, ...second], 'tie'));
        assert.equal(its.both_bad, sum([...first, ...second], 'both_bad'));
        assert.equal(its.votes, its.wins + its.losses + its.ties + its.both_bad);
      }
      assert.deepEqual(win_matrix.models, data.map(({model}) => model.id));
      for (const {first, second, better, worse} of pairs) {
        const [row, column] = [first, second].map((at) => win_matrix.models.indexOf(models[at].id));
        assert.deepEqual([win_matrix.wins[row][column], win_matrix.wins[column][row]], [better, worse]);
      }
    });

    // At once where rating takes a tenth of a second, and on a machine that is slower than that after a while.
    await t.test('has a new vote in it, in each period', async () => {
      await Promise.all(['all', '30d', '7d'].map((period) => board(period)));
      await castVotes(api, 1, tally);
      for (const period of ['all', '30d', '7d']) {
        await until(`the vote counts in ${period}`, async () => (await board(period)).votes === 43);
        assert.equal((await board(period)).period, period);
      }
    });

    await t.test('is refused for a period that there is not', async () => {
      const {status, json} = await api.get('/api/leaderboard/?period=1d');
      assert.deepEqual([status, json.error.code, json.error.param], [400, 'invalid_request', 'period']);
    });

    await t.test('is shown by the page, with its plot, in the light, the dark and on a phone', async () => {
      const {data} = await board();
      const phone = {viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true};
      for (const options of [{}, {colorScheme: 'dark'}, phone]) {
        const page = await open('/leaderboard', options);
        await see(page.getByText('43 votes.'));
        for (const {model, rating} of data) await see(page.getByRole('row', {name: new RegExp(`${model.display_name} ${Math.round(rating)} `)}));
        const dots = await page.locator('.rating').evaluateAll((all) => all.map((dot) => dot.getBoundingClientRect().x));
        assert.deepEqual(dots, [...dots].sort((a, b) => b - a), 'the better ones are further right');
        assert.ok(dots.every((x) => x > 0) && dots[0] - dots.at(-1) > 40);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), options.viewport?.width ?? 1280);
        await page.getByRole('radio', {name: '7 days'}).check();
        await see(page.getByText('43 votes.'));
        await assertAccessible(page);
        assert.deepEqual(page.complaints, []);
        await page.close();
      }
    });
  });
});
