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
  files = mkdtempSync(join(tmpdir(), 'viewer-'));
  execFileSync('ffmpeg', '-loglevel error -f lavfi -i testsrc2=s=160x90:r=25 -t 60 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -hls_time 4 -hls_segment_type fmp4 -hls_playlist_type vod vod.m3u8'.split(' '), { cwd: files });
});
afterAll(async () => {
  await browser.close();
  rmSync(files, { recursive: true });
});
beforeEach(async () => {
  server = new MockServer();
  server.filesFrom = files;
  base = await server.listen();
  server.add('demo', 'live', { title: 'Saturday pottery', online: 7 });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.close();
});

const id = (name: string) => `[data-testid=${name}]`;
const playing = (page: Page) => page.waitForSelector('[data-testid=stage][data-phase=playing]');
const video = <T>(page: Page, read: (element: HTMLVideoElement) => T) => page.$eval(id('video'), read as (element: Element) => T);
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));

async function signedIn(user: string, nick = user): Promise<Page> {
  server.users.set(user, { nick, avatar: '', sig: 's' });
  const { page } = await open(browser, `${base}/rooms/demo#user=${user}&sig=s`);
  await page.waitForSelector(id('chat-me'));
  return page;
}

test('how the stream comes is shown by a key, and follows what happens', async () => {
  server.stream.push();
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await playing(page);
  await page.keyboard.press('i');
  const line = (name: string, text: string) => page.waitForSelector(`${id(`figures_${name}`)} dd:text-matches("${text}")`);
  await line('engine', '^HTTP-FLV$');
  await line('size', '^320 × 180$');
  await line('fps', '^[1-9]');
  await line('rate', 'bit/s$');
  await line('dropped', '^\\\\d+ of [1-9]');
  await line('behind', '^\\\\d+\\\\.\\\\d s$');
  await line('reconnections', '^0$');
  expect(await violations(page)).toEqual([]);
  server.stream.cutViewers();
  await line('reconnections', '^1$');
  await page.keyboard.press('i');
  await page.waitForSelector(id('figures'), { state: 'detached' });
  expect(faults).toEqual([]);
});

test('flying messages are as one wants them, and that is remembered', async () => {
  server.stream.push();
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await playing(page);
  await page.click(id('player-settings'));
  await page.check(id('flying-few'));
  await page.check(id('flying-large'));
  await page.focus(id('flying-opacity'));
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowLeft');
  expect(await page.getAttribute(id('flying-opacity'), 'aria-valuetext')).toBe('80 %');
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await focused(page)).toBe('player-settings');
  server.say('u1', 'flying', 'Ana');
  await page.waitForSelector(`${id('danmaku')}[data-flight="few large 80"][data-emitted="1"]`);
  expect(await page.$eval(id('danmaku'), (box) => getComputedStyle(box).opacity)).toBe('0.8');
  await page.reload();
  await playing(page);
  await page.click(id('player-settings'));
  expect(await page.isChecked(id('flying-large'))).toBe(true);
  await page.uncheck(id('flying'));
  await page.waitForSelector(id('danmaku'), { state: 'detached' });
  expect(await page.isDisabled(id('flying-few'))).toBe(true);
  await page.mouse.click(10, 10); // beside it
  await page.waitForSelector(id('player-panel'), { state: 'detached' });
  expect(faults).toEqual([]);
});

test('keys work from anywhere but where one types, are told by ?, and can be switched off', async () => {
  server.stream.push();
  const { page } = await open(browser, `${base}/rooms/demo`);
  await playing(page);
  await page.keyboard.press('m');
  expect(await video(page, (v) => v.muted)).toBe(false);
  await page.keyboard.press('d');
  await page.waitForSelector(`${id('danmaku-switch')}[aria-pressed=false]`);
  await page.keyboard.press('c');
  expect(await focused(page)).toBe('chat-input');
  await page.keyboard.type('mdc?');
  expect(await page.inputValue(id('chat-input'))).toBe('mdc?');
  expect(await video(page, (v) => v.muted)).toBe(false);
  await page.focus(id('chat-list'));
  await page.keyboard.press('?');
  await page.waitForSelector(id('keys'));
  await page.keyboard.press('m'); // a window is open
  expect(await video(page, (v) => v.muted)).toBe(false);
  expect(await violations(page)).toEqual([]);
  await page.uncheck(id('keys-on'));
  await page.keyboard.press('Escape');
  await page.waitForSelector(id('keys'), { state: 'detached' });
  await page.keyboard.press('m');
  await page.keyboard.press('c');
  expect(await video(page, (v) => v.muted)).toBe(false);
  expect(await focused(page)).not.toBe('chat-input');
});

test('the controls hide when nothing moves, and come back by pointer, key and tap', async () => {
  server.stream.push();
  const { page } = await open(browser, `${base}/rooms/demo`);
  await playing(page);
  const awake = (on: boolean) => page.waitForSelector(`${id('stage')}[data-awake=${on}]`);
  await page.mouse.move(300, 300);
  await awake(true);
  await awake(false);
  await page.mouse.move(310, 310);
  await awake(true);
  await awake(false);
  await page.focus(id('danmaku-switch'));
  await awake(true);
  await page.mouse.dblclick(300, 200);
  await page.waitForFunction(() => document.fullscreenElement !== null);
  await page.keyboard.press('f');
  await page.waitForFunction(() => document.fullscreenElement === null);
  const phone = await (await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })).newPage();
  await phone.goto(`${base}/rooms/demo`);
  await playing(phone);
  await phone.waitForSelector(`${id('stage')}[data-awake=false]`);
  await phone.touchscreen.tap(200, 150);
  await phone.waitForSelector(`${id('stage')}[data-awake=true]`);
});

test('a recording is paused by a click, and two taps at its sides jump', async () => {
  server.playback = { duration: '1m0s' };
  server.add('demo', 'playback', {}, { playbackUrl: `${base}/live/demo.m3u8?playback=P1` });
  const page = await (await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })).newPage();
  await page.goto(`${base}/rooms/demo`);
  await playing(page);
  await page.keyboard.press('k');
  await page.waitForFunction(() => document.querySelector('video')?.paused);
  const before = await video(page, (v) => v.currentTime);
  await page.touchscreen.tap(350, 150);
  await page.touchscreen.tap(350, 150);
  await page.waitForFunction((t) => (document.querySelector('video')?.currentTime ?? 0) >= t + 9, before);
  const { page: desk } = await open(browser, `${base}/rooms/demo`);
  await playing(desk);
  await desk.mouse.click(300, 300);
  await desk.waitForFunction(() => document.querySelector('video')?.paused);
});

test('somebody is called by @ with the keys alone, and is told; others are not', async () => {
  const [vera, sofia, carl] = [await signedIn('vera', 'Vera'), await signedIn('sofia', 'Ana Sofia'), await signedIn('carl', 'Carl')];
  server.say('sofia', 'I am here', 'Ana Sofia');
  server.say('bo', 'me too', 'Bo');
  await vera.waitForSelector('text=me too');
  await vera.focus(id('chat-input'));
  await vera.keyboard.type('hi @');
  await vera.waitForSelector(`${id('mention')} >> nth=1`);
  expect((await vera.locator(id('mention')).allTextContents()).slice(0, 2)).toEqual(['Bo', 'Ana Sofia']);
  await vera.keyboard.type('so');
  await vera.waitForFunction(() => document.querySelectorAll('[data-testid=mention]').length === 1);
  expect(await vera.getAttribute(id('chat-input'), 'aria-activedescendant')).toBe('mention-0');
  expect(await violations(vera)).toEqual([]);
  await vera.keyboard.press('Enter');
  expect(await vera.inputValue(id('chat-input'))).toBe('hi @Ana Sofia ');
  await vera.keyboard.type('how are you?');
  await vera.keyboard.press('Enter');
  await sofia.waitForSelector('.chat-called >> text=how are you?');
  expect(await sofia.textContent(id('called'))).toBe('Vera calls you: hi @Ana Sofia how are you?');
  await carl.waitForSelector('text=how are you?');
  expect(await carl.locator('.chat-called').count()).toBe(0);
  expect(await violations(sofia)).toEqual([]);
});

test('the room is shared by link, code and for a page of one’s own', async () => {
  const context = await browser.newContext({ locale: 'en-US', permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await page.goto(`${base}/rooms/demo`);
  await page.click(id('share-open'));
  await page.waitForSelector(`${id('qr')}[data-ready=true]`);
  await page.click(id('share-link-copy'));
  await page.waitForSelector(`${id('share-link-done')}:has-text("Copied.")`);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${base}/rooms/demo`);
  expect(await page.inputValue(id('share-embed'))).toContain(`<iframe src="${base}/embed/demo"`);
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await focused(page)).toBe('share-open');
});

test('a device without network says so, and that it is back', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await page.waitForSelector(`${id('chat')}[data-state=online]`);
  await page.context().setOffline(true);
  await page.waitForSelector(`${id('net-hint')}[data-say=net_offline]`);
  expect(await page.textContent(id('net-hint'))).toBe('This device has no network.');
  await page.context().setOffline(false);
  await page.waitForSelector(`${id('net-hint')}:not([data-say=net_offline])`, { state: 'attached' });
});

test('a part that can’t be fetched says so, and comes when it can', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await page.waitForSelector(id('share-open'));
  await page.route('**/assets/share-dialog-*.js', (route) => route.abort());
  await page.click(id('share-open'));
  await page.waitForSelector(`${id('part-failed')}:has-text("could not be loaded")`);
  await page.unroute('**/assets/share-dialog-*.js');
  await page.click(`${id('part-failed')} button`);
  await page.waitForSelector(`${id('share')}, ${id('part-failed')}:has-text("Load the page again")`);
});
