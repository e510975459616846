import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { MockServer } from '../mock/server.ts';
import { launch, open, violations } from './browser.ts';

let browser: Browser;
let server: MockServer;
let base: string;
let files: string;

beforeAll(async () => {
  browser = await launch();
  files = mkdtempSync(join(tmpdir(), 'pages-'));
  const ffmpeg = (args: string) => execFileSync('ffmpeg', `-loglevel error -f lavfi -i testsrc2=s=160x90:r=25 ${args}`.split(' '), { cwd: files });
  ffmpeg('-t 60 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -hls_time 4 -hls_segment_type fmp4 -hls_playlist_type vod vod.m3u8');
  ffmpeg('-t 12 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -hls_time 1 -hls_list_size 0 live.m3u8');
  ffmpeg('-frames:v 1 cover.png');
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

const stage = (page: Page, want: string) => page.waitForSelector(`[data-testid=stage]${want}`);
const at = (page: Page) => page.evaluate(() => (document.querySelector('video') as HTMLVideoElement).currentTime);
const list = (page: Page) => page.evaluate(() => [...document.querySelectorAll('[data-testid=chat-message]')].map((row) => row.textContent?.replace(/\s+/g, ' ').trim()));
const playedBack = (more: Record<string, unknown> = {}) => {
  server.playback = { duration: '1m0s', ...more };
  return server.add('demo', 'playback', {}, { playbackUrl: `${base}/live/demo.m3u8?playback=P1` });
};

test('a recording of ours plays with its chat, and both follow a jump by keyboard and pointer', async () => {
  server.said = [
    { at: 500, from: 'Ann', text: 'at the start' },
    { at: 2000, from: 'Ben', text: 'two seconds' },
    { at: 39_000, from: 'Ann', text: 'before the place' },
    { at: 41_500, from: 'Ben', text: 'after it' },
  ];
  playedBack({ mp4: '/live/demo/d/cap/r1.mp4' });
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await stage(page, '[data-engine=hls][data-phase=playing]');
  expect(server.asked[0]).toMatch(/^\/live\/demo\.m3u8\?txSecret=x&txTime=y&vid=S\w+$/);
  expect(await page.evaluate(() => document.querySelector('video')?.controls)).toBe(false);
  await page.waitForSelector('.chat-past >> text=at the start');
  await page.waitForSelector('.chat-past >> text=two seconds');
  expect(Number(await page.getAttribute('[data-testid=danmaku]', 'data-emitted'))).toBeGreaterThan(0);
  expect(await page.getAttribute('[data-testid=download]', 'href')).toBe(`${base}/live/demo/d/cap/r1.mp4`);

  const seek = page.locator('[data-testid=seek]');
  expect(await seek.getAttribute('aria-valuetext')).toMatch(/^0:0\d of 1:00$/);
  await seek.fill('40');
  await page.waitForSelector('.chat-past >> text=before the place');
  expect(await list(page)).toEqual(['0:00Ann at the start', '0:02Ben two seconds', '0:39Ann before the place']);
  await page.waitForSelector('.chat-past >> text=after it');
  expect(await at(page)).toBeGreaterThan(40);

  await page.focus('[data-testid=stage] [data-testid=play-pause]');
  await page.keyboard.press('k');
  await page.waitForFunction(() => document.querySelector('video')?.paused);
  const before = await at(page);
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction((t) => (document.querySelector('video')?.currentTime ?? 99) < t - 3, before);
  await seek.focus();
  await page.keyboard.press('Home');
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 99) < 1);
  await page.waitForFunction(() => document.querySelectorAll('.chat-past').length <= 1);
  for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowRight'); // as a key that is held
  await page.waitForFunction(() => document.querySelector('video')?.currentTime === 10);
  expect(await violations(page)).toEqual([]);
  expect(faults).toEqual([]);
});

test('what is said now stands beside what was said then, and stays when the recording is over', async () => {
  server.said = [{ at: 100, from: 'Ann', text: 'then' }];
  playedBack();
  const { page } = await open(browser, `${base}/rooms/demo`);
  await page.waitForSelector('.chat-past >> text=then');
  server.say('carl', 'now');
  await page.waitForSelector('text=now');
  expect(await page.locator('.chat-past').count()).toBe(1);
  server.setStatus('demo', 'ended', 'playback_over');
  await page.waitForFunction(() => document.querySelectorAll('.chat-past').length === 0);
  await page.waitForSelector('text=now');
  expect(await page.locator('[data-testid=seek]').count()).toBe(0);
});

test('a recording begins where it is to, and begins again where it loops', async () => {
  playedBack({ startAt: '57s', loop: true });
  const { page } = await open(browser, `${base}/rooms/demo`);
  await stage(page, '[data-phase=playing]');
  expect(await at(page)).toBeGreaterThan(56);
  const { page: framed } = await open(browser, `${base}/embed/demo?start=0:40&chat=0`); // its page knows better
  await stage(framed, '[data-phase=playing]');
  expect(await at(framed)).toBeGreaterThanOrEqual(40);
  expect(await at(framed)).toBeLessThan(56);
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 99) < 5, undefined, { timeout: 10_000 });
  await stage(page, '[data-phase=playing]');
});

test('whose play session ended while he paused gets another one, for the chat too', async () => {
  server.said = [{ at: 45_000, from: 'Ann', text: 'much later' }];
  playedBack();
  const { page } = await open(browser, `${base}/rooms/demo`);
  await stage(page, '[data-phase=playing]');
  server.over.add('vod1');
  await page.locator('[data-testid=seek]').fill('45');
  await page.waitForSelector('.chat-past >> text=much later', { timeout: 15_000 });
});

test('live can be watched from earlier, and again with the others', async () => {
  server.timeShift = { from: new Date(Date.now() - 600_000).toISOString(), window: '30m0s' };
  server.add('demo', 'live', {}, { delay: '10s' as never });
  server.stream.push();
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await stage(page, '[data-engine=flv][data-phase=playing]');
  const bar = page.locator('[data-testid=shift-bar]');
  const most = Number(await bar.getAttribute('data-most'));
  expect(most).toBeGreaterThan(580); // ten minutes less the delay that everybody has
  expect(most).toBeLessThan(600);
  expect(await page.textContent('[data-testid=behind]')).toBe('Live');
  await page.focus('[data-testid=shift]');
  await page.keyboard.press('ArrowLeft');
  await stage(page, '[data-engine=hls][data-phase=playing]');
  expect(server.asked.at(-1)).toMatch(/txTimeshift=on&tsDelay=40&vid=S/);
  expect(await page.textContent('[data-testid=behind]')).toBe('−0:30');
  await page.locator('[data-testid=shift]').fill('-83');
  await page.waitForSelector('[data-testid=shift-bar][data-behind="83"]');
  expect(await page.getAttribute('[data-testid=shift]', 'aria-valuetext')).toBe('1:23 behind live');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=back-to-live]');
  await stage(page, '[data-engine=flv][data-phase=playing]');
  await page.waitForSelector('[data-testid=back-to-live]', { state: 'detached' });
  expect(faults).toEqual([]);
});

test('the anchor sees that a live is recorded, and why not; others do not', async () => {
  server.users.set('alice', { nick: 'Alice', avatar: '', sig: 's' });
  server.add('demo', 'live');
  server.stream.push();
  server.recording = { id: 'r1', cause: 'the disk was full' };
  const guest = await open(browser, `${base}/rooms/demo`);
  const anchor = await open(browser, `${base}/rooms/demo#user=alice&sig=s`);
  await anchor.page.waitForSelector('[data-testid=recording][title="the disk was full"] >> text=Recording');
  expect(await guest.page.locator('[data-testid=recording]').count()).toBe(0);
  server.setStatus('demo', 'ended', 'by_anchor');
  await anchor.page.waitForSelector('[data-testid=recording]', { state: 'detached' });
});

test('the anchor sees by how much viewers see him later, and these see what happens as late', async () => {
  server.users.set('alice', { nick: 'Alice', avatar: '', sig: 's' });
  server.add('demo', 'waiting', { delay: '30s' });
  const guest = await open(browser, `${base}/rooms/demo`);
  const anchor = await open(browser, `${base}/rooms/demo#user=alice&sig=s`);
  await anchor.page.waitForSelector('[data-testid=seen-later] >> text=Viewers see you 30 sec later');
  server.setStatus('demo', 'live', 'push_started', { delay: '600s' as never });
  server.say('carl', 'are you there?');
  await anchor.page.waitForSelector('.facts[data-scene=live] [data-testid=seen-later] >> text=600 sec');
  await stage(anchor.page, '[data-scene=waiting]');
  await guest.page.waitForSelector('text=are you there?'); // which came behind the status
  await stage(guest.page, '[data-scene=waiting][data-phase=idle]');
  expect(await guest.page.getAttribute('.facts', 'data-scene')).toBe('waiting');
  expect(await guest.page.locator('[data-testid=seen-later]').count()).toBe(0);
  expect(await violations(anchor.page)).toEqual([]);
  server.setStatus('demo', 'ended', 'forbidden', { delay: '' as never }); // at once
  await stage(guest.page, '[data-scene=ended]');
  await anchor.page.waitForSelector('[data-testid=seen-later]', { state: 'detached' });
});

test('covers stand in the lobby and where no picture is, and the test card where they break', async () => {
  server.add('shown', 'ended', { cover: '/files/cover.png?c=1' });
  server.add('broken', 'ended', { cover: '/files/none.png' });
  const { page, faults } = await open(browser, base);
  const cover = page.locator('[data-room=shown] [data-testid=cover]');
  await expect.poll(() => cover.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(160);
  expect(await cover.getAttribute('src')).toBe(`${base}/files/cover.png?c=1&width=320`);
  await page.waitForSelector('[data-room=broken] .test-card');
  await page.waitForSelector('[data-room=broken] [data-testid=cover]', { state: 'detached' });
  await page.goto(`${base}/rooms/shown`);
  await page.waitForSelector('[data-testid=overlay][data-scene=ended] [data-testid=cover]');
  expect(faults).toEqual([]);
});
