// `npm run recording`: docs/page.gif, a blind comparison from the first key to the names behind the answers. Of the real page in
// Chromium, a picture each so many milliseconds, put together by Debian's ffmpeg.

import {execFile} from 'node:child_process';
import {mkdtemp, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {docs, question, showcase} from './showcase.mjs';

const run = promisify(execFile);
const interval = 100; // ms between pictures
const lastShown = 2.5; // s, before it begins again
const most = 1_000_000; // bytes

const models = [
  {id: 'marble', display_name: 'Marble 70B', provider: 'quarry'},
  {id: 'cobalt', display_name: 'Cobalt Large', provider: 'foundry'},
];

/** Takes pictures until it is told to end. */
function film(page, folder) {
  const frames = [];
  let goesOn = true;
  const begun = performance.now();
  const done = (async () => {
    while (goesOn) {
      const at = performance.now();
      const file = path.join(folder, `${String(frames.length).padStart(4, '0')}.png`);
      await page.screenshot({path: file});
      frames.push({file, at: (at - begun) / 1000});
      await sleep(Math.max(0, interval - (performance.now() - at)));
    }
    return frames;
  })();
  return {
    end: () => {
      goesOn = false;
      return done;
    },
  };
}

/** The list that ffmpeg's concat demuxer reads: each picture, and for how long. */
const listed = (frames) =>
  frames
    .map(({file, at}, nr) => `file '${file}'\nduration ${((frames[nr + 1]?.at ?? at + lastShown) - at).toFixed(3)}\n`)
    .concat(`file '${frames.at(-1).file}'\n`)
    .join('');

await showcase(models, async ({open}) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-recording-'));
  try {
    const page = await open('/', {viewport: {width: 960, height: 600}});
    await page.evaluate(() => document.fonts.ready);
    await page.getByRole('radio', {name: 'Random'}).check();
    const composer = page.getByRole('textbox', {name: 'Ask something'});
    await composer.focus();
    const recorder = film(page, folder);
    await sleep(600);
    await composer.pressSequentially(question, {delay: 22});
    await sleep(300);
    await page.keyboard.press('Enter');
    await page.getByRole('button', {name: 'Left is better'}).waitFor();
    await sleep(1200);
    await page.getByRole('button', {name: 'Left is better'}).hover();
    await sleep(400);
    await page.getByRole('button', {name: 'Left is better'}).click();
    await page.getByText('Marble 70B').first().waitFor();
    await sleep(800);
    await page.locator('.transcript').evaluate((box) => box.scrollTo({top: 0, behavior: 'smooth'}));
    await sleep(1500);
    const frames = await recorder.end();
    const list = path.join(folder, 'list.txt');
    await writeFile(list, listed(frames));
    const file = `${docs}page.gif`;
    // Few colours and no dithering: text stays sharp, and what doesn't change costs nothing.
    const filter = 'fps=10,split[a][b];[a]palettegen=max_colors=64:stats_mode=full[p];[b][p]paletteuse=dither=none:diff_mode=rectangle';
    await run('/usr/bin/ffmpeg', ['-y', '-f', 'concat', '-safe', '0', '-i', list, '-vf', filter, '-loop', '0', file]);
    const {size} = await stat(file);
    console.log(`${file}: ${frames.length} pictures, ${size} bytes`);
    if (size > most) throw new Error(`it weighs more than ${most} bytes`);
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
});
