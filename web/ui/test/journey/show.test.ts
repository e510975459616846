import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frames, launch, open } from '../browser/browser.ts';
import { Liveroom, push } from './server.ts';

let server: Liveroom;
let browser: Browser;
let replay: { url: string; close: () => void };
let encoder: ChildProcess;

beforeAll(async () => {
  [server, browser, replay] = await Promise.all([Liveroom.start(), launch(), serveReplay()]);
});
afterAll(async () => {
  encoder?.kill('SIGKILL');
  await browser?.close();
  replay?.close();
  await server?.stop();
});

/** A replay kept elsewhere: an MP4 on another origin, with ranges. */
async function serveReplay(): Promise<{ url: string; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  const file = join(folder, 'show.mp4');
  execFileSync('ffmpeg', `-loglevel error -f lavfi -i testsrc2=s=320x180:r=25 -t 20 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -movflags +faststart ${file}`.split(' '));
  const size = statSync(file).size;
  const http: Server = createServer((req, res) => {
    const start = Number(/bytes=(\d+)-/.exec(req.headers.range ?? '')?.[1] ?? 0);
    res.writeHead(206, { 'content-type': 'video/mp4', 'accept-ranges': 'bytes', 'content-range': `bytes ${start}-${size - 1}/${size}`, 'content-length': size - start });
    createReadStream(file, { start }).pipe(res);
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const close = () => {
    http.closeAllConnections();
    http.close();
    rmSync(folder, { recursive: true });
  };
  return { url: `http://127.0.0.1:${(http.address() as { port: number }).port}/show.mp4`, close };
}

const at = (page: Page, status: string) => page.waitForSelector(`html[data-status=${status}]`);
const moving = async (page: Page) => {
  const from = await frames(page);
  await page.waitForFunction((n) => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > n + 10, from);
};
/** Nobody sees or hears anything new: neither pictures nor sound are decoded any more. */
const still = async (page: Page) => {
  const decoded = () => page.evaluate(() => {
    const video = document.querySelector('video') as HTMLVideoElement & { webkitAudioDecodedByteCount: number };
    return [video.getVideoPlaybackQuality().totalVideoFrames, video.webkitAudioDecodedByteCount];
  });
  let before: unknown;
  await expect.poll(async () => { // what was buffered plays out; a full machine is slow at it
    const earlier = before;
    before = await decoded();
    return JSON.stringify(before) === JSON.stringify(earlier);
  }, { interval: 1500, timeout: 60_000 }).toBe(true);
  await page.waitForTimeout(3000); // three keyframes: what leaked would show
  expect(await decoded()).toEqual(before);
};
const reloaded = (page: Page) => page.evaluate(() => !('first' in window));

test('a show, as a newcomer sees it', async () => {
  const room = `${server.base}/rooms/demo`;
  const small = { viewport: { width: 800, height: 600 } };
  const [ana, bo] = await Promise.all([open(browser, room), open(browser, room, small)]);
  const pages = [ana.page, bo.page];
  for (const page of pages) {
    await at(page, 'waiting');
    await page.evaluate(() => Object.assign(window, { first: true }));
  }

  // Push with the line the terminal printed: the room goes live, the picture moves by itself.
  encoder = push(server.pushUrl);
  await Promise.all(pages.map((page) => at(page, 'live')));
  await Promise.all(pages.map(moving));
  const { session } = await server.status();

  // A second browser's message arrives, with the name it gave.
  await bo.page.fill('[data-testid=chat-input]', 'hello from Bo');
  await bo.page.keyboard.press('Enter');
  await bo.page.fill('[data-testid=nick-input]', 'Bo');
  await bo.page.click('[data-testid=nick-ok]');
  await ana.page.waitForSelector('[data-testid=chat-message]:has-text("hello from Bo")');
  // Two people are there, each in chat and watching, one of them under a new name: they count as two.
  await ana.page.waitForFunction(() => /\b2\b/.test(document.querySelector('[data-testid=online]')?.textContent ?? ''));
  await expect.poll(async () => (await server.status()).online, { timeout: 30_000 }).toBe(2);

  // The encoder dies: both are told at once. It comes back: the same session and page go on.
  encoder.kill('SIGKILL');
  await Promise.all(pages.map((page) => at(page, 'paused')));
  await ana.page.waitForSelector('text=The anchor is reconnecting');
  encoder = push(server.pushUrl);
  await Promise.all(pages.map((page) => at(page, 'live')));
  await Promise.all(pages.map(moving));
  expect((await server.status()).session).toBe(session);

  // The anchor pauses: nobody sees or hears a thing, until it resumes.
  await server.drive('pause', { reason: 'tea' });
  await Promise.all(pages.map((page) => at(page, 'paused')));
  await ana.page.waitForSelector('text=Paused by the anchor');
  await Promise.all(pages.map(still));
  await server.drive('resume');
  await Promise.all(pages.map((page) => at(page, 'live')));
  await Promise.all(pages.map(moving));

  // The end, and the encoder's own reconnecting is refused until the room is reopened.
  await server.drive('end');
  await Promise.all(pages.map((page) => at(page, 'ended')));
  if (encoder.exitCode === null) await once(encoder, 'exit');
  const again = push(server.pushUrl);
  await once(again, 'exit');
  expect(again.said()).toContain('room_ended');
  expect((await server.status()).name).toBe('ended');

  // Playback of a replay kept elsewhere, and the way back to the start.
  await server.drive('playback', { url: replay.url });
  await Promise.all(pages.map((page) => at(page, 'playback')));
  await moving(ana.page);
  await server.drive('reopen');
  await Promise.all(pages.map((page) => at(page, 'waiting')));
  encoder = push(server.pushUrl);
  await Promise.all(pages.map((page) => at(page, 'live')));
  await moving(ana.page);

  expect(await Promise.all(pages.map(reloaded))).toEqual([false, false]);
  expect([...ana.faults, ...bo.faults]).toEqual([]);
}, 180_000);

test('the lobby shows the room and its status', async () => {
  const { page, faults } = await open(browser, `${server.base}/`);
  await page.waitForSelector('[data-testid=room-card][data-room=demo]');
  await page.click('[data-testid=room-card] a');
  await page.waitForURL(/\/rooms\/demo$/);
  expect(faults).toEqual([]);
});
