import type { ChildProcess } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frames, launch, open } from '../browser/browser.ts';
import { Liveroom, push } from './server.ts';

let server: Liveroom;
let browser: Browser;
const encoders: ChildProcess[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.start(), launch()]);
  await server.api('POST', '/accounts', { accounts: [{ user: 'ann', nick: 'Ann' }] });
  for (const id of ['show', 'long']) {
    await server.api('POST', '/rooms', { id, title: id, anchor: 'ann', recording: { mode: 'always', timeShift: '10m' }, screenshots: { every: '10s' } });
    const { push: to } = (await server.api('POST', `/rooms/${id}/addresses`, {})) as { push: { rtmp: string } };
    encoders.push(push(to.rtmp));
  }
});
afterAll(async () => {
  for (const encoder of encoders) encoder.kill('SIGKILL');
  await browser?.close();
  await server?.stop();
});

const at = (page: Page, status: string) => page.waitForSelector(`html[data-status=${status}]`);
const moving = async (page: Page) => {
  const from = await frames(page);
  await page.waitForFunction((n) => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > n + 10, from);
};
const say = (room: string, text: string) => server.api('POST', `/rooms/${room}/messages`, { from: 'ann', text, random: Math.floor(Math.random() * 1e9) });

interface Recordings {
  recordings: { id: string; state: string; duration: string; gaps: number }[];
}

/** Where what is played at an address breaks off for the first time, in seconds. */
async function firstBreak(hls: string): Promise<number> {
  const text = async (url: string) => (await fetch(url)).text();
  const media = (await text(hls)).split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '';
  const before = (await text(new URL(media, hls).href)).split('#EXT-X-DISCONTINUITY\n')[0] ?? '';
  return [...before.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}

/** Waits until a video is between two times, with a picture of a width. */
const shows = (page: Page, from: number, to: number, width: number) =>
  page.waitForFunction(
    ([from, to, width]) => {
      const video = document.querySelector('video');
      return video !== null && !video.seeking && video.currentTime >= from && video.currentTime < to && video.videoWidth === width;
    },
    [from, to, width] as const,
    { timeout: 60_000 },
  );

test('a live is pushed, breaks off, goes on in another size, ends, and is played back on the page that was open, with its chat', { timeout: 150_000 }, async () => {
  const { page, faults } = await open(browser, `${server.base}/rooms/show`);
  const errors: string[] = [];
  page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
  await at(page, 'live');
  await moving(page);
  await say('show', 'said while live');
  await page.waitForSelector('text=said while live');
  await page.waitForTimeout(3000); // of a recording to seek in
  encoders[0]?.kill('SIGKILL');
  await at(page, 'paused');
  const { push: to } = (await server.api('POST', '/rooms/show/addresses', {})) as { push: { rtmp: string } };
  await page.waitForTimeout(3000); // a gap, also where the first push began so slowly that its pictures are ahead of the clock
  encoders[0] = push(to.rtmp, '256x144');
  await at(page, 'live');
  await page.waitForTimeout(4000); // and beyond the gap
  await server.api('POST', '/rooms/show/end', {});
  await at(page, 'ended');
  let recording = '';
  await expect
    .poll(
      async () => {
        const { recordings } = (await server.api('GET', '/recordings?room=show')) as Recordings;
        recording = recordings[0]?.id ?? '';
        return `${recordings[0]?.state}, ${recordings[0]?.gaps}`;
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe('done, 1');
  await server.api('POST', '/rooms/show/playback', { recording, loop: true });
  await at(page, 'playback');
  await page.waitForSelector('[data-engine=hls][data-phase=playing]');
  await moving(page);
  await page.waitForSelector('.chat-past >> text=said while live');
  const end = Number(await page.getAttribute('[data-testid=seek-bar]', 'data-of'));
  expect(end).toBeGreaterThan(5);
  const { playback } = (await server.api('GET', '/rooms/show/play')) as { playback: { hls: string } };
  const gap = await firstBreak(playback.hls);
  expect(gap).toBeLessThan(end - 2);
  const seek = (seconds: number) => page.locator('[data-testid=seek]').fill(String(seconds));
  await page.click('[data-testid=play-pause]');
  await seek(Math.floor(gap) - 1);
  await shows(page, gap - 2, gap, 320);
  await page.click('[data-testid=play-pause]');
  await shows(page, gap + 0.5, end, 256); // it is played across
  await seek(0);
  await shows(page, 0, 3, 320); // and sought across, both ways
  await seek(end - 2);
  await shows(page, gap, end, 256);
  await seek(end - 1);
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 99) < 3); // it begins again
  expect([...faults, ...errors]).toEqual([]);
  await page.context().close();
});

test('what is live is watched from earlier, and with the others again', { timeout: 150_000 }, async () => {
  const lobby = await open(browser, server.base);
  const cover = lobby.page.locator('[data-room=long] [data-testid=cover]');
  await expect.poll(() => cover.evaluate((img: HTMLImageElement) => img.naturalWidth), { timeout: 60_000 }).toBeGreaterThanOrEqual(320); // it stands first, and large
  await lobby.page.context().close();
  const kept = async () => {
    const { timeShift } = (await server.api('GET', '/rooms/long/play')) as { timeShift?: { from: string } };
    return timeShift ? Date.now() - Date.parse(timeShift.from) : 0;
  };
  await expect.poll(kept, { timeout: 120_000, interval: 1000 }).toBeGreaterThan(40_000); // nearer than 30 s nothing can be watched from earlier
  const { page, faults } = await open(browser, `${server.base}/rooms/long`);
  await at(page, 'live');
  await moving(page);
  await page.waitForSelector('[data-testid=shift]');
  await page.focus('[data-testid=shift]');
  await page.keyboard.press('ArrowLeft');
  await page.waitForSelector('[data-engine=hls][data-phase=playing]');
  await moving(page);
  expect(await page.textContent('[data-testid=behind]')).toBe('−0:30');
  await page.click('[data-testid=back-to-live]');
  await page.waitForSelector('[data-engine=flv][data-phase=playing]');
  await moving(page);
  expect(faults).toEqual([]);
});
