import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open } from '../browser/browser.ts';
import { CATALOGUE } from '../mock/catalogue.ts';
import { MockServer } from '../mock/server.ts';

// docs/viewer.jpg: made into the folder of pictures, to be put there by hand when it is good.
const out = process.env.PICTURES ?? '../../test-results/pictures';
let browser: Browser;
beforeAll(async () => void (browser = await launch()));
afterAll(() => browser.close());

test('the viewer page as the README shows it', async () => {
  const server = new MockServer();
  const base = await server.listen();
  server.gifts = CATALOGUE;
  server.followers = 3920;
  server.counters = { live_likes: 12_480, live_gift_value: 1_234_500, live_gift_count: 99, live_popularity: 48_213 };
  for (const [user, level, badge] of [['tom', 2, ''], ['ana', 23, 'gold'], ['kiln_god', 51, ''], ['vera', 7, '']] as const) server.levels.set(user, { level, badge });
  server.users.set('vera', { nick: 'Vera', avatar: '', sig: 's' });
  server.add('demo', 'live', { title: 'Saturday pottery: throwing a teapot, start to glaze', anchor: 'Mei Tanaka', notice: 'Questions in the chat, please. Next week: raku firing outdoors, bring warm clothes.', online: 1284 });
  server.stream.push('1280x720', 'mandelbrot');
  const { page, faults } = await open(browser, `${base}/rooms/demo#user=vera&sig=s`, { viewport: { width: 1280, height: 720 } });
  await page.waitForSelector('[data-testid=gift-button]');
  await page.waitForSelector('[data-phase=playing]');
  await page.click('[data-testid=unmute]');
  for (const [user, nick, text] of [['tom', 'Tom', 'hello from Lisbon'], ['ana', 'Ana', 'that bowl is gorgeous'], ['kiln_god', 'kiln_god', 'how thick is the wall there?'], ['tom', 'Tom', 'and which clay do you use for it?']] as const) server.say(user, text, nick);
  server.tell({ type: 'draw_start', draw: { id: 'd', title: 'The teapot of today', prize: 'what comes out of the kiln', trigger: { keyword: 'teapot' }, endsAt: new Date(Date.now() + 84_000).toISOString(), winners: 3, eligibility: { follower: true }, commitment: '1f3a'.repeat(16) } });
  await page.click('[data-testid=follow]');
  server.gave('Ana', 'tea', 3);
  server.gave('kiln_god', 'rose', 20, { combo: 'c', comboTotal: 40, final: false });
  for (let i = 0; i < 9; i++) {
    server.tell({ type: 'like', count: 3 }, 'tom', 'Tom');
    await page.waitForTimeout(140);
  }
  server.say('ana', 'look at that glaze!', 'Ana');
  await page.mouse.move(400, 300);
  await page.waitForTimeout(900);
  const picture = join(out, 'viewer.png');
  await page.screenshot({ path: picture });
  execFileSync('ffmpeg', ['-loglevel', 'error', '-y', '-i', picture, '-q:v', '3', join(out, 'viewer.jpg')]);
  expect(faults).toEqual([]);
  await server.close();
});
