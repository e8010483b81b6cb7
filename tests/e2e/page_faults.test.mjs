// The page when the server is out of reach for a while.

import {answer, ask, pageWorld, see} from './page_world.mjs';
import {test} from './world.mjs';

const {upstream, parley, asked} = await pageWorld();

/** What the browser itself says of connections that fail is no complaint of the page's. */
function forgive(page) {
  page.complaints = page.complaints.filter((line) => !/net::ERR_(INTERNET_DISCONNECTED|CONNECTION|INCOMPLETE_CHUNKED|NETWORK|EMPTY_RESPONSE)/.test(line));
}

test('a question that does not arrive is kept, and sent again with a click', async (t) => {
  const model = parley.model([{reply: ['Fine.']}, {reply: ['Fine again.']}]);
  const page = await asked(t, [model]);
  await see(answer(page, model).getByText('Fine.'));
  await see(page.getByRole('button', {name: 'Send'}));
  await page.context().setOffline(true);
  await ask(page, 'Are you there?');
  await see(page.getByText('Not sent: the server can’t be reached.'));
  await page.context().setOffline(false);
  await page.getByRole('button', {name: 'Try again'}).click();
  await see(answer(page, model).getByText('Fine again.'));
  forgive(page);
});

test('an answer whose server died is taken up again, and says that it was interrupted', async (t) => {
  const model = parley.model([{reply: ['What came before. ', 'Never sent.'], holdAfter: 1}, {reply: ['From the beginning.']}]);
  const page = await asked(t, [model]);
  await see(answer(page, model).getByText('What came before.'));
  await upstream.request(model);
  await parley.kill();
  await see(page.getByText('The connection was lost.'));
  await parley.launch();
  await see(answer(page, model).getByText('The server stopped in the middle of this answer.'));
  await answer(page, model).getByRole('button', {name: 'Try again'}).click();
  await see(answer(page, model).getByText('From the beginning.'));
  forgive(page);
});
