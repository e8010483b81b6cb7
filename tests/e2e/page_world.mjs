// A world with a browser in it, and what people do in the page.

import assert from 'node:assert/strict';
import {after} from 'node:test';
import {Browser, openPage} from '../support/browser.mjs';
import {world} from './world.mjs';

export const composer = (page) => page.getByRole('textbox', {name: 'Ask something'});
export const answer = (page, name) => page.getByRole('article', {name});
export const voteBar = (page) => page.getByRole('group', {name: 'Which answer is better?'});
/** The id of the session that is open. */
export const sessionOf = (page) => new URL(page.url()).pathname.split('/').at(-1);
export const see = (locator) => locator.first().waitFor();

/** Chooses models for a new session by the page's own controls. */
export async function choose(page, models) {
  if (models.length === 1) {
    await page.getByRole('radio', {name: 'Direct'}).check();
    await page.getByRole('combobox', {name: 'Model', exact: true}).selectOption(models[0]);
    return;
  }
  for (const [at, model] of models.entries()) {
    if (at >= 2) await page.getByRole('button', {name: 'Add'}).click();
    await page.getByRole('combobox', {name: `Model ${'ABCD'[at]}`}).selectOption(model);
  }
}

export async function ask(page, text) {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

export async function pageWorld(options = {}) {
  const made = await world(options);
  const browser = await Browser.start();
  after(() => browser.stop());

  /** A window with a page in it, closed with the test; no complaint in its console may be left. */
  async function open(t, path = '/', windowOptions = {}) {
    const context = await browser.window(made.parley.origin, windowOptions);
    const page = await openPage(context, path);
    t.after(async () => {
      await context.close();
      assert.deepEqual(page.complaints, []);
    });
    return page;
  }

  /** A page with a session of these models, in which something was asked. */
  async function asked(t, models, text = 'Hello', windowOptions = {}) {
    const page = await open(t, '/', windowOptions);
    await choose(page, models);
    await ask(page, text);
    return page;
  }

  return {...made, open, asked};
}
