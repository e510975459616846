import type { ChildProcess } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frames, launch } from '../browser/browser.ts';
import { Liveroom, push } from './server.ts';

let server: Liveroom;
let browser: Browser;
let encoder: ChildProcess;

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.start(), launch()]);
});
afterAll(async () => {
  encoder?.kill('SIGKILL');
  await browser?.close();
  await server?.stop();
});

interface Watch {
  page: Page;
  faults: string[];
  /** Seconds from the moment a picture reached the server to the moment it is seen, by the stream's own dates. */
  delay(): Promise<number>;
  reloads: URL[];
  /** How often it began to play. */
  begun(): number;
}

/** The room's page, offered nothing but HLS. */
async function watch(): Promise<Watch> {
  const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
  const faults: string[] = [];
  const reloads: URL[] = [];
  let first: Promise<string> | null = null;
  let begun = 0;
  page.on('pageerror', (err) => faults.push(err.message));
  page.on('response', (response) => {
    const url = new URL(response.url());
    if (url.pathname.endsWith('/demo.m3u8')) begun++;
    if (!url.pathname.endsWith('/v0.m3u8')) return;
    reloads.push(url);
    first ??= response.text();
  });
  await page.route('**/api/v1/rooms/*/play', async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, play: { hls: answer.play.hls } } });
  });
  await page.goto(`${server.base}/rooms/demo`);
  const delay = async () => {
    // hls.js has its 0 at the begin of the first playlist it saw.
    const zero = Date.parse(/#EXT-X-PROGRAM-DATE-TIME:(\S+)/.exec((await first) ?? '')?.[1] ?? '');
    const position = await page.evaluate(() => document.querySelector('video')?.currentTime ?? NaN);
    return (Date.now() - zero) / 1000 - position;
  };
  return { page, faults, delay, reloads, begun: () => begun };
}

const at = (page: Page, status: string) => page.waitForSelector(`html[data-status=${status}]`);
const moving = async (page: Page) => {
  const from = await frames(page);
  await page.waitForFunction((n) => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > n + 10, from);
};

test('over HLS a page plays a few seconds behind live and goes on over a reconnect', async () => {
  encoder = push(server.pushUrl);
  const { page, faults, delay, reloads, begun } = await watch();
  await at(page, 'live');
  await page.waitForSelector('[data-engine=hls][data-phase=playing]');
  await moving(page);
  await expect.poll(() => reloads.some((url) => url.searchParams.has('_HLS_msn')), { timeout: 60_000 }).toBe(true); // with low latency
  await expect.poll(delay, { timeout: 60_000 }).toBeLessThan(5); // what keeps it back on a busy machine, it catches up with
  expect(await delay()).toBeGreaterThan(0);

  encoder.kill('SIGKILL');
  await at(page, 'paused');
  await page.waitForTimeout(3000); // longer than what was buffered
  expect(await page.getAttribute('[data-testid=stage]', 'data-engine')).toBe('hls');
  const before = begun();
  encoder = push(server.pushUrl);
  await at(page, 'live');
  await moving(page);
  expect(await page.getAttribute('[data-testid=stage]', 'data-engine')).toBe('hls');
  expect(begun()).toBe(before);

  await server.drive('end');
  await at(page, 'ended');
  await page.waitForSelector('[data-phase=idle]');
  await server.drive('reopen');
  encoder = push(server.pushUrl);
  await at(page, 'live');
  await moving(page);
  expect(faults).toEqual([]);
}, 120_000);
