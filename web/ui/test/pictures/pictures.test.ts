import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MockServer } from '../mock/server.ts';
import { launch, open } from '../browser/browser.ts';

// Pictures of every page and status, to look at: npm run pictures
const out = process.env.PICTURES ?? '../../test-results/pictures';
let browser: Browser;
let server: MockServer;
let base: string;
const soon = new Date(Date.now() + 3 * 3_600_000 + 754_000).toISOString();

beforeAll(async () => {
  browser = await launch();
  server = new MockServer();
  base = await server.listen();
  server.add('demo', 'live', { title: 'Saturday pottery: throwing a teapot, start to glaze', notice: 'Questions in the chat, please. Next week: raku firing outdoors, bring warm clothes.', online: 1284, anchor: 'Mei Tanaka', popularity: 48_213 });
  server.add('chess', 'live', { title: 'Blitz until somebody cries', online: 87, anchor: 'ivan', popularity: 930 });
  server.recommendations = [{ id: 'demo', reasons: ['popular'] }, { id: 'chess', reasons: ['following'] }, { id: 'rail', reasons: ['rising'] }];
  server.add('garden', 'paused', { title: '周六花园：修剪与扦插', online: 12, anchor: '林晓' }, { reason: 'by_anchor' });
  server.add('rail', 'paused', { title: 'Cab ride Bergen to Oslo', online: 431, anchor: 'nsb' }, { reason: 'push_lost' });
  server.add('quiz', 'waiting', { title: 'Pub quiz, round four', scheduledAt: soon, anchor: 'The Crown' });
  server.add('open', 'waiting', { title: '', anchor: '' });
  server.add('talk', 'playback', { title: 'How the bridge was built', anchor: 'Ines', online: 3 }, { playbackUrl: '/files/none.mp4' });
  server.add('over', 'ended', { title: 'Morning news' });
  server.add('gone', 'ended', { title: 'Something shady' }, { reason: 'forbidden' });
  const talk = ['hello from Lisbon', 'that bowl is gorgeous', '这个釉色真好看，请问是什么温度烧的？', 'how thick is the wall there?', '<b>not bold</b> & not a tag', 'a very long message that goes on and on because somebody had a lot to say about the way the handle was pulled and attached, twice', '👏👏👏'];
  const who = ['tom', 'Ana Sofia', '陶陶', 'kiln_god', 'xss', 'Professor Longwind', 'emoji'];
  for (let i = 0; i < 16; i++) server.say(`u${i % 7}`, talk[i % 7] as string, who[i % 7]);
  server.stream.push('640x360');
  mkdirSync(out, { recursive: true });
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const cases: [string, string, object][] = [
  ['lobby', '/', {}],
  ['lobby-dark-phone', '/', { ...phone, colorScheme: 'dark' }],
  ['live', '/rooms/demo', {}],
  ['live-dark', '/rooms/demo', { colorScheme: 'dark' }],
  ['live-phone', '/rooms/demo', phone],
  ['live-phone-dark', '/rooms/demo', { ...phone, colorScheme: 'dark' }],
  ['interrupted', '/rooms/rail', {}],
  ['paused', '/rooms/garden', { colorScheme: 'dark' }],
  ['waiting', '/rooms/quiz', {}],
  ['waiting-phone', '/rooms/quiz', phone],
  ['waiting-unscheduled', '/rooms/open', {}],
  ['playback-missing', '/rooms/talk', {}],
  ['ended', '/rooms/over', {}],
  ['missing', '/rooms/nothing', {}],
  ['embed', '/embed/demo', { viewport: { width: 800, height: 450 } }],
  ['zh', '/rooms/quiz', { locale: 'zh-CN' }],
];

test.each(cases)('%s', async (name, path, options) => {
  const { page, faults } = await open(browser, base + path, options);
  await page.waitForSelector('[data-testid=overlay], [data-phase=playing], [data-testid=room-card], [data-testid=absent]:not([data-state=loading])');
  if (path.endsWith('/demo')) {
    await page.waitForSelector('[data-phase=playing]');
    await page.hover('[data-testid=stage]');
    server.say('u1', 'flying over the picture', 'Ana Sofia');
    await page.waitForSelector('[data-emitted]');
    await page.waitForTimeout(1500);
  }
  await page.screenshot({ path: join(out, `${name}.png`) });
  expect(faults).toEqual([]);
  await page.context().close();
});

// What the chat can look like, in one room of its own.
type Act = (page: Page) => Promise<unknown>;
const chats: [string, string, Act][] = [
  ['all', '', async (page) => page.waitForSelector('[data-testid=chat-system]')],
  ['muted', 'vera', async (page) => (talk.mute('vera', Math.floor(Date.now() / 1000) + 500), page.waitForSelector('[data-testid=chat-bar]'))],
  ['slow', 'will', async (page) => {
    talk.set({ slowMode: 20, uploads: 'members' });
    await page.fill('[data-testid=chat-input]', 'what glaze is that?');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid=chat-send]:not([data-wait="0"])');
    await page.fill('[data-testid=chat-input]', 'and where do you buy it');
  }],
  ['refused', 'ray', async (page) => {
    talk.refuse = { code: 80001, error: 'blocked' };
    await page.fill('[data-testid=chat-input]', 'something rude');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-state=failed]');
    talk.refuse = null;
  }],
  ['kicked', 'kim', async (page) => (talk.takeOut('kim', 'kicked', { detail: 'take a break' }), page.waitForSelector('[data-testid=chat-out]'))],
  ['banned', 'ben', async (page) => (talk.takeOut('ben', 'banned', { until: Math.floor(Date.now() / 1000) + 5000 }), page.waitForSelector('[data-testid=chat-out]'))],
  ['order', 'Mei Tanaka', async (page) => {
    await page.hover('[data-testid=chat-message]:last-of-type');
    talk.mute('u1', Math.floor(Date.now() / 1000) + 500);
    await page.waitForSelector('[data-testid=chat-act]');
    await page.locator('[data-testid=chat-message]').last().hover();
  }],
  ['menu', 'Mei Tanaka', async (page) => page.locator('[data-testid=chat-more]').last().click()],
];
const screens = [['', {}], ['-dark', { colorScheme: 'dark' }], ['-phone', phone], ['-phone-dark', { ...phone, colorScheme: 'dark' }]] as const;
let talk: MockServer;

test.each(screens.flatMap(([screen, options]) => chats.map(([name, user, act]) => [`chat-${name}${screen}`, user, act, options] as const)))('%s', async (name, user, act, options) => {
  talk = new MockServer();
  const at = await talk.listen();
  talk.add('demo', 'waiting', { title: 'Saturday pottery: throwing a teapot, start to glaze', anchor: 'Mei Tanaka', notice: 'Questions in the chat, please.', online: 1284 });
  const picture = execFileSync('ffmpeg', '-loglevel error -f lavfi -i testsrc2=s=480x300 -frames:v 1 -f image2pipe -c:v png -'.split(' '));
  talk.uploads.set('bowl', picture);
  talk.users.set(user, { nick: user, avatar: `${at}/uploads/bowl`, sig: 's' });
  const { page, faults } = await open(browser, `${at}/rooms/demo${user && `#user=${encodeURIComponent(user)}&sig=s`}`, options);
  await page.waitForSelector('[data-testid=chat][data-state=online]');
  const who = (nick: string) => ({ user: nick, nick, avatar: '' });
  talk.say('u1', 'hello from Lisbon', 'tom');
  talk.event('tips', { joined: ['Ana Sofia', '陶陶', 'kiln_god', 'emoji', 'Longwind'].map(who), left: [who('tom')], members: 9 });
  talk.say('u2', 'that bowl is gorgeous', 'Ana Sofia', 1, `${at}/uploads/bowl`);
  talk.say('u3', [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'mine from last week' } }, { MsgType: 'TIMImageElem', MsgContent: { ImageFormat: 3, ImageInfoArray: [{ Type: 1, Size: 1, Width: 480, Height: 300, URL: `${at}/uploads/bowl` }] } }], 'kiln_god');
  talk.say('u2', [{ MsgType: 'TIMFileElem', MsgContent: { Url: `${at}/uploads/bowl`, FileName: 'glaze recipes 2026.pdf', FileSize: 482_000 } }], 'Ana Sofia');
  talk.say('u4', [{ MsgType: 'TIMSoundElem', MsgContent: { Url: `${at}/uploads/bowl`, Second: 5 } }], '陶陶');
  talk.event('notification', { content: 'The server is updated at noon; the chat comes back by itself.', by: 'administrator', time: 1 });
  talk.say('u2', 'a very long message that goes on and on because somebody had a lot to say about the handle', 'Professor Longwind');
  await page.waitForSelector('text=goes on and on');
  await act(page);
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(out, `${name}.png`) });
  expect(faults).toEqual([]);
  await page.context().close();
  await talk.close();
});
