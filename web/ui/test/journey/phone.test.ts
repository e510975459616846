import type { ChildProcess } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frames, launch, open, violations } from '../browser/browser.ts';
import { away, Network } from './proxy.ts';
import { Liveroom, push } from './server.ts';

let server: Liveroom;
let browser: Browser;
let network: Network;
let encoder: ChildProcess | undefined;

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.start(), launch()]);
  network = await Network.to(server.base);
});
afterAll(async () => {
  encoder?.kill('SIGKILL');
  await browser?.close();
  network?.close();
  await server?.stop();
});

const LONG = { timeout: 60_000 };
const at = (page: Page, status: string) => page.waitForSelector(`html[data-status=${status}]`, LONG);
const online = (page: Page) => page.waitForSelector('[data-testid=chat][data-state=online]', LONG);
const moving = async (page: Page) => {
  await page.waitForSelector('[data-phase=playing]', LONG);
  const from = await frames(page);
  // A picture that begins anew counts from 0.
  await page.waitForFunction((n) => {
    const decoded = document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    return decoded > n + 10 || (decoded < n && decoded > 10);
  }, from, LONG);
};

test('a viewer on a phone, from the countdown to the replay, over a server that dies and a network that is away', { timeout: 300_000 }, async () => {
  await server.api('POST', '/rooms', { id: 'tea', title: '周六茶会', anchor: 'mei', recording: { mode: 'always' }, grace: '5m', scheduledAt: new Date(Date.now() + 3_600_000).toISOString() });
  const { push: to } = (await server.api('POST', '/rooms/tea/addresses', {})) as { push: { rtmp: string } };
  // Addresses of play lead past the network that fails: what is played is cut only by the server's death.
  const { page, faults } = await open(browser, `${network.base}/rooms/tea${server.signIn('vera')}`, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, locale: 'zh-CN', reducedMotion: 'reduce' });
  const looks = async () => {
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  };
  await at(page, 'waiting');
  await page.waitForSelector('[data-testid=countdown]');
  await online(page);
  await page.evaluate(() => Object.assign(window, { first: true }));
  await looks();

  encoder = push(to.rtmp);
  await at(page, 'live');
  await moving(page);
  await looks();

  // The server dies as when the power fails, and comes back; the encoder too.
  await server.kill();
  await page.waitForSelector('[data-testid=chat]:not([data-state=online])', LONG);
  await server.restart();
  encoder.kill('SIGKILL');
  encoder = push(to.rtmp);
  await online(page);
  await at(page, 'live');
  await moving(page);

  // The network is away; what was said meanwhile is there afterwards.
  await away(network, page, async () => {
    await page.waitForSelector('[data-testid=chat]:not([data-state=online])', LONG);
    await server.api('POST', '/rooms/tea/messages', { from: 'administrator', text: '有人在吗' });
    await looks();
  });
  await online(page);
  await page.waitForSelector('.said:text-is("有人在吗")', LONG);
  await moving(page);

  // The anchor pauses, goes on, ends; how it went; the replay.
  await server.api('POST', '/rooms/tea/pause', {});
  await at(page, 'paused');
  await looks();
  await server.api('POST', '/rooms/tea/resume', {});
  await at(page, 'live');
  await moving(page);
  await server.api('POST', '/rooms/tea/end', {});
  await at(page, 'ended');
  await page.waitForSelector('[data-testid=summary]', LONG);
  await looks();
  const done = async () => ((await server.api('GET', '/recordings?room=tea&state=done')) as { recordings: { id: string }[] }).recordings;
  await expect.poll(async () => (await done()).length, LONG).toBeGreaterThan(0);
  await server.api('POST', '/rooms/tea/playback', { recordings: [(await done())[0]?.id] });
  await at(page, 'playback');
  await moving(page);
  await page.waitForSelector('[data-testid=seek]');
  await looks();
  expect(await page.evaluate(() => 'first' in window)).toBe(true);
  expect(faults).toEqual([]);
});
