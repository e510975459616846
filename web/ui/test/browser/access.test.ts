import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CATALOGUE } from '../mock/catalogue.ts';
import { MockServer } from '../mock/server.ts';
import { launch, open, violations, violationsOfBoth } from './browser.ts';

let browser: Browser;
let server: MockServer;
let base: string;

beforeAll(async () => {
  browser = await launch();
  server = new MockServer();
  base = await server.listen();
  server.stream.push();
  server.add('demo', 'live', { title: 'A title', notice: 'a notice', online: 5 });
  server.add('quiz', 'waiting', { scheduledAt: new Date(Date.now() + 3_600_000).toISOString() });
  server.add('rail', 'paused', {}, { reason: 'push_lost' });
  server.add('garden', 'paused', {}, { reason: 'by_anchor' });
  server.add('over', 'ended');
  server.add('talk', 'playback', {}, { playbackUrl: '/files/none.mp4' });
  for (let i = 0; i < 12; i++) server.say(`user${i}`, `hello ${i}`);
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const still = { colorScheme: 'light', reducedMotion: 'reduce' } as const;
const shown = (page: Page) => page.waitForSelector('[data-testid=overlay], [data-phase=playing], [data-testid=room-card], [data-state=missing]');

test.each(['/', '/rooms/demo', '/rooms/quiz', '/rooms/rail', '/rooms/garden', '/rooms/over', '/rooms/talk', '/rooms/none'])('%s can be used by everyone', async (path) => {
  const { page } = await open(browser, base + path, still);
  await shown(page);
  expect(await violationsOfBoth(page)).toEqual([]);
  await page.context().close();
});

test.each(['/', '/rooms/demo', '/rooms/quiz'])('%s on a phone in Chinese can be used by everyone', async (path) => {
  const { page } = await open(browser, base + path, { ...still, locale: 'zh-CN', viewport: { width: 390, height: 844 } });
  await shown(page);
  expect(await violations(page)).toEqual([]);
  await page.context().close();
});

test('the nickname dialog can be used by everyone', async () => {
  const { page } = await open(browser, `${base}/rooms/quiz`);
  await page.waitForSelector('[data-testid=chat][data-state=online]');
  await page.fill('[data-testid=chat-input]', 'hi');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=nick-dialog]');
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('chat-input');
  expect(await page.inputValue('[data-testid=chat-input]')).toBe('hi');
  await page.context().close();
});

test('what the chat can show can be used by everyone', async () => {
  const talk = new MockServer();
  const at = await talk.listen();
  talk.add('demo', 'waiting', { anchor: 'anna' });
  for (const user of ['anna', 'vera']) talk.users.set(user, { nick: user, avatar: '', sig: 's' });
  const [anna, vera] = await Promise.all(['anna', 'vera'].map(async (user) => (await open(browser, `${at}/rooms/demo#user=${user}&sig=s`, still)).page)) as [Page, Page];
  await Promise.all([anna, vera].map((page) => page.waitForSelector('[data-testid=chat-me]')));
  talk.set({ uploads: 'members', slowMode: 30 });
  talk.event('tips', { joined: [{ user: 'bo', nick: 'Bo', avatar: '' }], left: [], members: 3 });
  talk.event('notification', { content: 'Maintenance at noon', by: 'administrator', time: 1 });
  const url = `${at}/files/none`;
  talk.say('bo', [{ MsgType: 'TIMImageElem', MsgContent: { ImageInfoArray: [{ Type: 1, Width: 40, Height: 30, URL: url }] } }, { MsgType: 'TIMSoundElem', MsgContent: { Url: url } }, { MsgType: 'TIMVideoFileElem', MsgContent: { VideoUrl: url } }, { MsgType: 'TIMFileElem', MsgContent: { Url: url, FileName: 'a.pdf' } }], 'Bo');
  await vera.fill('[data-testid=chat-input]', 'hello');
  await vera.keyboard.press('Enter');
  await vera.waitForSelector('[data-testid=chat-send]:not([data-wait="0"])');
  await anna.waitForSelector('text=hello');
  expect(await violationsOfBoth(vera)).toEqual([]);
  expect(await violationsOfBoth(anna)).toEqual([]);
  await anna.locator('[data-testid=chat-more]').last().click();
  expect(await violationsOfBoth(anna)).toEqual([]);
  await anna.click('[data-testid=moderate-mute-600]');
  await vera.waitForSelector('[data-testid=chat-bar]');
  expect(await violationsOfBoth(vera)).toEqual([]);
  talk.takeOut('vera', 'kicked');
  await vera.waitForSelector('[data-testid=chat-back]');
  expect(await violationsOfBoth(vera)).toEqual([]);
  await Promise.all([anna.context().close(), vera.context().close()]);
  await talk.close();
});

test('gifts, draws, people and the end of a live can be used by everyone', async () => {
  const room = new MockServer();
  const at = await room.listen();
  room.gifts = CATALOGUE;
  room.counters = { live_likes: 5, live_gift_value: 100, live_popularity: 9 };
  room.add('demo', 'ended', { anchor: 'anna', online: 3, notice: JSON.stringify({ text: 'be kind', images: [`${at}/files/none`] }) });
  room.users.set('vera', { nick: 'Vera', avatar: '', sig: 's' });
  for (const [i, level] of [1, 5, 10, 20, 35, 50].entries()) room.levels.set(`u${i}`, { level, badge: i % 2 ? 'gold' : '' });
  room.levels.set('vera', { level: 7, badge: '' });
  room.ranking = ['Ana', 'Bo', 'Cy', 'Di'].map((nick, i) => ({ rank: i + 1, user: nick, nick, avatar: '', level: 10 * i, value: 900 - i, count: 1 }));
  room.summary = { session: 's', duration: 60, top: room.ranking, curve: [1, 5, 3] };
  const draw = { id: 'd', title: 'Tea', prize: 'a cup', trigger: { keyword: 'tea' }, endsAt: new Date(Date.now() + 60_000).toISOString(), winners: 2, eligibility: { follower: true }, commitment: 'ab'.repeat(32) };
  const { page } = await open(browser, `${at}/rooms/demo#user=vera&sig=s`, still);
  await page.waitForSelector('[data-testid=summary]');
  for (let i = 0; i < 6; i++) room.say(`u${i}`, 'hello', `Name ${i}`);
  room.gave('Bo', 'rocket');
  room.tell({ type: 'draw_start', draw });
  await page.click('[data-testid=gift-button]');
  await page.waitForSelector('[data-testid=draw]');
  await page.click('[data-testid=draw-fair] summary');
  expect(await violationsOfBoth(page)).toEqual([]);
  room.giftRefusal = 'not enough coins';
  await page.click('[data-testid=gift-give]');
  room.tell({ type: 'draw_result', draw: { ...draw, seed: 'cd'.repeat(32), entriesHash: 'ef', entries: 2, drawn: 1, winners: [{ user: 'vera', nick: 'Vera' }] } });
  await page.waitForSelector('[data-testid=draw-fits]');
  expect(await violationsOfBoth(page)).toEqual([]);
  await page.click('[data-testid=ranking-button]');
  await page.waitForSelector('[data-testid=ranking] [data-testid=rank]');
  expect(await violationsOfBoth(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.click('[data-testid=online]');
  await page.click('[data-testid=member]');
  await page.waitForSelector('[data-testid=member-card] progress');
  expect(await violationsOfBoth(page)).toEqual([]);
  await page.context().close();
  await room.close();
});

test('less movement means no flying messages until they are switched on', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`, { reducedMotion: 'reduce' });
  await page.waitForSelector('[data-phase=playing]');
  await page.waitForSelector('[data-testid=chat][data-state=online]'); // what was said before does not fly
  expect(await page.locator('[data-testid=danmaku]').count()).toBe(0);
  await page.focus('[data-testid=danmaku-switch]');
  await page.keyboard.press('Space');
  await page.waitForSelector('[data-testid=danmaku-switch][aria-pressed=true]');
  server.say('u1', 'what flies');
  await page.waitForSelector('[data-testid=danmaku][data-emitted="1"]'); // the canvas itself goes when nothing flies any more
  await page.keyboard.press('Space');
  await page.waitForSelector('[data-testid=danmaku]', { state: 'detached' });
  await page.keyboard.press('m');
  expect(await page.evaluate(() => document.querySelector('video')?.muted)).toBe(false);
  await page.context().close();
});

test('language and appearance follow the browser, change at once and are remembered', async () => {
  const { page } = await open(browser, `${base}/`, { locale: 'zh-CN' });
  await page.waitForSelector('text=正在直播');
  expect(await page.getAttribute('html', 'lang')).toBe('zh-CN');
  await page.selectOption('[data-testid=language]', 'en');
  await page.waitForSelector('h2:has-text("On air")');
  await page.selectOption('[data-testid=theme]', 'dark');
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  await page.reload();
  await page.waitForSelector('h2:has-text("On air")');
  expect(await ground()).toBe(dark);
  await page.selectOption('[data-testid=theme]', 'light');
  expect(await ground()).not.toBe(dark);
  await page.context().close();
});

test('an empty lobby says how to push', async () => {
  const empty = new MockServer();
  const { page } = await open(browser, `${await empty.listen()}/`);
  await page.waitForSelector('[data-testid=lobby-empty]');
  await page.waitForSelector('text=liveroom address push --room demo');
  expect(await violations(page)).toEqual([]);
  await page.context().close();
  await empty.close();
});
