import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { MockServer } from '../mock/server.ts';
import { frames, launch, open } from './browser.ts';

let browser: Browser;
let server: MockServer;
let base: string;
let files: string;

beforeAll(async () => {
  browser = await launch();
  files = mkdtempSync(join(tmpdir(), 'pages-'));
  const ffmpeg = (args: string) => execFileSync('ffmpeg', args.split(' '), { cwd: files });
  ffmpeg('-loglevel error -f lavfi -i testsrc2=s=320x180:r=25 -t 3 -c:v libx264 -g 25 -pix_fmt yuv420p -movflags +faststart recording.mp4');
  ffmpeg('-loglevel error -f lavfi -i testsrc2=s=320x180:r=25 -t 12 -c:v libx264 -g 25 -pix_fmt yuv420p -hls_time 1 -hls_list_size 0 live.m3u8');
});
afterAll(async () => {
  await browser.close();
  rmSync(files, { recursive: true });
});
beforeEach(async () => {
  server = new MockServer();
  server.filesFrom = files;
  base = await server.listen();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.close();
});

const phase = (page: Page, name: string) => page.waitForSelector(`[data-testid=stage][data-phase=${name}]`);
const scene = (page: Page, name: string) => page.waitForSelector(`[data-testid=stage][data-scene=${name}]`);
const moving = async (page: Page, from: number) =>
  page.waitForFunction((n) => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > n, from + 20);
const behind = (page: Page) =>
  page.evaluate(() => {
    const video = document.querySelector('video') as HTMLVideoElement;
    return video.buffered.end(video.buffered.length - 1) - video.currentTime;
  });

test('a live picture starts by itself, muted, near the live edge, and names its chat session', async () => {
  server.add('demo', 'live');
  server.stream.push();
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await phase(page, 'playing');
  await moving(page, 0);
  expect(await page.evaluate(() => document.querySelector('video')?.muted)).toBe(true);
  await expect.poll(() => behind(page), { timeout: 10_000 }).toBeLessThan(3);
  expect(server.stream.requests).toHaveLength(1);
  expect(server.stream.requests[0]).toMatch(/txSecret=x&txTime=y&vid=S\w+$/);
  await page.click('[data-testid=unmute]');
  expect(await page.evaluate(() => document.querySelector('video')?.muted)).toBe(false);
  await page.waitForSelector('[data-testid=unmute]', { state: 'detached' });
  expect(faults).toEqual([]);
});

test('an encoder that restarts goes on in the same connection without a reload', async () => {
  server.add('demo', 'live');
  server.stream.push();
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await phase(page, 'playing');
  await moving(page, 0);
  server.stream.stop();
  server.setStatus('demo', 'paused', 'push_lost');
  await scene(page, 'interrupted');
  await page.waitForSelector('text=The anchor is reconnecting');
  await page.waitForTimeout(7000); // longer than the stall time: no fault, nobody may repair it
  expect(server.stream.requests).toHaveLength(1);
  const before = await frames(page);
  server.stream.push();
  server.setStatus('demo', 'live', 'push_resumed');
  await scene(page, 'live');
  await moving(page, before);
  expect(server.stream.requests).toHaveLength(1);
  await expect.poll(() => behind(page), { timeout: 10_000 }).toBeLessThan(3);
  expect(faults).toEqual([]);
});

test('an encoder that comes back with another picture size plays on', async () => {
  server.add('demo', 'live');
  server.stream.push('320x180');
  const { page } = await open(browser, `${base}/rooms/demo`);
  await phase(page, 'playing');
  server.stream.stop();
  server.setStatus('demo', 'paused', 'push_closed');
  await scene(page, 'interrupted');
  server.stream.push('480x270');
  server.setStatus('demo', 'live', 'push_resumed');
  await page.waitForFunction(() => document.querySelector('video')?.videoHeight === 270);
  await moving(page, await frames(page));
});

test('a broken connection is made again with growing waits', async () => {
  server.add('demo', 'live');
  server.stream.push();
  const { page } = await open(browser, `${base}/rooms/demo`);
  await phase(page, 'playing');
  await moving(page, 0);
  server.stream.cutViewers();
  await expect.poll(() => server.stream.requests.length, { timeout: 5000 }).toBe(2);
  await phase(page, 'playing');
  await moving(page, 0);
});

test('a stream that falls silent while live is attached again', async () => {
  server.add('demo', 'live');
  server.stream.push();
  const { page } = await open(browser, `${base}/rooms/demo`);
  await phase(page, 'playing');
  await moving(page, 0);
  server.stream.stop();
  await expect.poll(() => server.stream.requests.length, { timeout: 15_000 }).toBeGreaterThan(1);
  server.stream.push();
  await moving(page, 0);
});

test('a full room says so in both languages and lets in by itself', async () => {
  server.add('demo', 'live');
  server.stream.push();
  server.full = 'room_full';
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await phase(page, 'full');
  await page.waitForSelector('text=No place is free just now');
  await page.evaluate(() => localStorage.setItem('liveroom.language', 'zh'));
  await page.reload();
  await page.waitForSelector('text=观看人数已满');
  expect(server.stream.requests).toHaveLength(0);
  server.full = '';
  await phase(page, 'playing');
  await moving(page, 0);
  expect(faults).toEqual([]);
});

test('without FLV the picture comes by HLS', async () => {
  server.add('demo', 'live');
  server.noFlv = true;
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await page.waitForSelector('[data-engine=hls][data-phase=playing]');
  await moving(page, 0);
  expect(faults).toEqual([]);
});

test('the page follows every status without a reload', async () => {
  server.add('demo', 'waiting');
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await page.evaluate(() => Object.assign(window, { notReloaded: true }));
  await scene(page, 'waiting');
  server.stream.push();
  server.setStatus('demo', 'live', 'push_started', { streamActive: true });
  await phase(page, 'playing');
  server.setStatus('demo', 'paused', 'by_anchor');
  await page.waitForSelector('text=Paused by the anchor');
  server.setStatus('demo', 'live', 'resumed');
  await scene(page, 'live');
  server.setStatus('demo', 'ended', 'by_anchor');
  await page.waitForSelector('text=This live is over');
  await phase(page, 'idle');
  server.setStatus('demo', 'playback', 'playback_started', { playbackUrl: '/files/recording.mp4' });
  await scene(page, 'playback');
  await phase(page, 'playing');
  await moving(page, 0);
  expect(await page.evaluate(() => document.querySelector('video')?.controls)).toBe(true);
  await phase(page, 'over');
  server.setStatus('demo', 'playback', 'playback_started', { playbackUrl: '/files/live.m3u8' });
  await page.waitForSelector('[data-engine=hls][data-phase=playing]');
  server.setStatus('demo', 'waiting', 'reopened');
  await scene(page, 'waiting');
  expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true);
  expect(await page.getAttribute('html', 'data-status')).toBe('waiting');
  expect(faults).toEqual([]);
});

test('a status that anybody else claims is not believed', async () => {
  const room = server.add('demo', 'waiting');
  const { page } = await open(browser, `${base}/rooms/demo`);
  await scene(page, 'waiting');
  const forged = JSON.stringify({ type: 'live_status', ...room.status, version: 99, code: 4, name: 'ended' });
  server.say('mallory', [{ MsgType: 'TIMCustomElem', MsgContent: { Data: forged } }]);
  server.say('mallory', 'after it');
  await page.waitForSelector('text=after it');
  expect(await page.getAttribute('html', 'data-version')).toBe('1');
  await scene(page, 'waiting');
});

test('without a WebSocket the status comes by long poll', async () => {
  server.add('demo', 'waiting');
  server.noChat = true;
  const { page } = await open(browser, `${base}/rooms/demo`);
  await scene(page, 'waiting');
  await page.waitForTimeout(4000); // the fallback begins when the chat stays away
  server.stream.push();
  server.setStatus('demo', 'live', 'push_started');
  await phase(page, 'playing');
  await page.waitForSelector('text=Chat is away');
});
