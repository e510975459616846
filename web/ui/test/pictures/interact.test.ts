import type { Browser, Page } from 'playwright-core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open } from '../browser/browser.ts';
import { CATALOGUE } from '../mock/catalogue.ts';
import { MockServer } from '../mock/server.ts';

// What people do beside talking, to look at.
const out = process.env.PICTURES ?? '../../test-results/pictures';
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
  mkdirSync(out, { recursive: true });
});
afterAll(() => browser.close());

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const screens = [['', {}], ['-dark', { colorScheme: 'dark' }], ['-phone', phone], ['-phone-dark', { ...phone, colorScheme: 'dark' }], ['-zh-phone', { ...phone, locale: 'zh-CN' }]] as const;
const draw = {
  id: 'd1', title: 'The teapot of today', prize: 'one of the three teapots', trigger: { keyword: 'teapot' }, endsAt: new Date(Date.now() + 83_000).toISOString(), winners: 3,
  eligibility: { minLevel: 3, follower: true }, commitment: '1f3a'.repeat(16), state: 'open',
};

const acts: [string, string, (page: Page, server: MockServer) => Promise<unknown>][] = [
  ['gifts', 'live', async (page, server) => {
    await page.click('[data-testid=gift-button]');
    server.gave('Ana Sofia', 'tea', 3);
    server.gave('陶陶', 'rose', 20, { combo: 'c1', comboTotal: 40, final: false });
    server.gave('kiln_god', 'rocket');
    server.gave('Tom', 'cake', 2);
    for (let i = 0; i < 7; i++) await page.click('[data-testid=gift-give]');
    for (let i = 0; i < 6; i++) {
      server.tell({ type: 'like', count: 4 }, 'tom', 'Tom');
      await page.waitForTimeout(150);
    }
  }],
  ['draw', 'live', async (_page, server) => server.tell({ type: 'draw_start', draw })],
  ['drawn', 'live', async (page, server) => {
    server.tell({ type: 'draw_start', draw });
    await page.waitForSelector('[data-testid=draw]');
    server.tell({ type: 'draw_result', draw: { ...draw, seed: 'ab'.repeat(32), entriesHash: 'cd'.repeat(32), entries: 412, drawn: 3, winners: [{ user: 'vera', nick: 'Vera' }, { user: 't', nick: '陶陶' }, { user: 'k', nick: 'kiln_god' }] } });
    await page.click('[data-testid=draw-fair] summary');
  }],
  ['ranking', 'live', async (page) => page.click('[data-testid=ranking-button]')],
  ['members', 'live', async (page) => page.click('[data-testid=online]')],
  ['card', 'live', async (page) => page.locator('[data-testid=chat-nick]').nth(1).click()],
  ['summary', 'ended', async () => {}],
];

test.each(screens.flatMap(([screen, options]) => acts.map(([name, status, act]) => [`act-${name}${screen}`, status, act, options] as const)))('%s', async (name, status, act, options) => {
  const server = new MockServer();
  const base = await server.listen();
  server.gifts = CATALOGUE;
  server.add('demo', status as 'live', { title: 'Saturday pottery: throwing a teapot, start to glaze', anchor: 'anna', notice: JSON.stringify({ text: 'Questions in the chat, please. Next week: raku firing outdoors.', images: [`${base}/uploads/a`] }), online: 1284 });
  server.users.set('vera', { nick: 'Vera', avatar: '', sig: 's' });
  server.counters = { live_likes: 12_480, live_gift_value: 1_234_500, live_gift_count: 99, live_popularity: 48_213 };
  server.followers = 3921;
  for (const [user, level, badge] of [['vera', 7, ''], ['u1', 2, ''], ['u2', 23, 'gold'], ['u3', 51, ''], ['u4', 12, ''], ['陶陶', 23, 'gold']] as const) server.levels.set(user, { level, badge });
  server.ranking = ['陶陶', 'kiln_god', 'Ana Sofia', 'Tom', 'Vera', 'Professor Longwind'].map((nick, i) => ({ rank: i + 1, user: nick, nick, avatar: '', level: [23, 51, 2, 0, 7, 12][i], value: 500_000 / (i + 1), count: 9 - i }));
  server.summary = { session: 's', duration: 7384, pauses: 2, viewers: 5234, peak: 1391, members: 843, watchTime: 2_943_000, messages: 6120, likes: 12_480, giftValue: 1_234_500, giftCount: 99, top: server.ranking.slice(0, 5), curve: Array.from({ length: 80 }, (_, i) => 300 + 40 * i * Math.exp(-i / 30) + 60 * Math.sin(i / 3)) };
  if (status === 'live') server.stream.push('640x360', 'smptehdbars');
  const { page, faults } = await open(browser, `${base}/rooms/demo#user=vera&sig=s`, options);
  await page.waitForSelector('[data-testid=chat-me]');
  if (status === 'live') await page.waitForSelector('[data-phase=playing]');
  for (const [user, nick, text] of [['u1', 'Tom', 'hello from Lisbon'], ['u2', 'Ana Sofia', 'that bowl is gorgeous'], ['u3', 'kiln_god', 'how thick is the wall there?'], ['u4', '陶陶', '这个釉色真好看，请问是什么温度烧的？']] as const) server.say(user, text, nick);
  server.gave('Ana Sofia', 'rose', 5);
  server.event('level', { user: 'u1', nick: 'Tom', level: 3, from: 2, badge: '' });
  await page.waitForSelector('[data-testid=chat-news]');
  await act(page, server);
  await page.waitForTimeout(700);
  await page.screenshot({ path: join(out, `${name}.png`) });
  expect(faults).toEqual([]);
  await page.context().close();
  await server.close();
});
