import type { ChildProcess } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frames, launch } from '../browser/browser.ts';
import { Liveroom, push, Shared } from './server.ts';

let shared: Shared;
let nodes: [Liveroom, Liveroom, Liveroom];
let browser: Browser;
let encoder: ChildProcess;

beforeAll(async () => {
  shared = await Shared.start();
  [nodes, browser] = await Promise.all([Promise.all([Liveroom.start(shared), Liveroom.start(shared), Liveroom.start(shared)]), launch()]);
}, 30_000);
afterAll(async () => {
  encoder?.kill('SIGKILL');
  await browser?.close();
  await Promise.all(nodes?.slice(1).map((node) => node.stop()) ?? []);
  shared?.stop();
});

test('over HLS of a third node a page plays on when the node with the push is killed', async () => {
  const [first, second, third] = nodes;
  encoder = push(first.pushUrl);
  const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
  const faults: string[] = [];
  let begun = 0;
  page.on('pageerror', (err) => faults.push(err.message));
  page.on('response', (response) => {
    if (new URL(response.url()).pathname.endsWith('/demo.m3u8')) begun++;
  });
  await page.route('**/api/v1/rooms/*/play', async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, play: { hls: answer.play.hls } } });
  });
  await page.goto(`${third.base}/rooms/demo`);
  await page.waitForSelector('[data-engine=hls][data-phase=playing]');
  const moving = async (more: number) => {
    const from = await frames(page);
    await page.waitForFunction((n) => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > n, from + more);
  };
  await moving(45);
  const before = begun;
  await page.evaluate(() => {
    const video = document.querySelector('video') as HTMLVideoElement;
    const w = window as unknown as { longest: number; same: boolean };
    [w.longest, w.same] = [0, true];
    let [last, since] = [video.currentTime, performance.now()];
    setInterval(() => {
      const now = performance.now();
      w.longest = Math.max(w.longest, now - since);
      if (video.currentTime !== last) [last, since] = [video.currentTime, now];
    }, 50);
  });

  await first.kill();
  encoder.kill('SIGKILL');
  await page.waitForTimeout(1500); // an encoder's pause
  encoder = push(second.pushUrl);
  await page.waitForTimeout(3000); // longer than what was buffered
  await moving(60);
  const { longest, same } = await page.evaluate(() => {
    const w = window as unknown as { longest: number; same?: boolean };
    return { longest: w.longest, same: w.same };
  });
  console.log(`HLS, killed origin, an encoder that is back after 1.5 s: ${(longest / 1000).toFixed(2)} s without motion`);
  expect(same).toBe(true); // it is the same page
  expect(begun).toBe(before);
  expect(await page.getAttribute('[data-testid=stage]', 'data-engine')).toBe('hls');
  expect(faults).toEqual([]);
}, 120_000);
