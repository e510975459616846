import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { flood } from '../flood.ts';
import { MockServer } from '../mock/server.ts';

// A measurement, not part of CI: npm run perf. 2,000 messages a second for a minute beside a playing picture.
const SECONDS = Number(process.env.SECONDS ?? 60);
const PER_SECOND = Number(process.env.PER_SECOND ?? 2000);

test.each([['as it opens', 'on'], ['without flying messages', 'off']])('%s: the page stays at 30 fps and above, and its memory flat', async (_, danmaku) => {
  const server = new MockServer();
  const base = await server.listen();
  server.add('demo', 'live', { title: 'A full room' });
  server.stream.push();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--enable-precise-memory-info'] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 760 } });
  await page.addInitScript((on) => localStorage.setItem('liveroom.danmaku', on), danmaku);
  await page.goto(`${base}/rooms/demo`);
  await page.waitForSelector('[data-phase=playing]');
  await page.waitForSelector('[data-testid=chat][data-state=online]');
  await page.evaluate(() => {
    const seen = Object.assign(window, { frames: [] as number[] }).frames;
    const tick = (now: number) => {
      seen.push(now);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const cdp = await page.context().newCDPSession(page);
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return page.evaluate(() => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize / 2 ** 20);
  };
  const stop = flood(server, PER_SECOND);
  const heaps: number[] = [];
  for (let s = 0; s < SECONDS; s += SECONDS / 6) {
    await new Promise((resolve) => setTimeout(resolve, (SECONDS / 6) * 1000));
    heaps.push(await heap());
  }
  const said = stop();
  const { fps, worst, slow } = await page.evaluate(() => {
    const all = (window as unknown as { frames: number[] }).frames;
    const gaps = all.slice(1).map((at, i) => at - (all[i] as number));
    const perSecond = new Map<number, number>();
    for (const at of all) perSecond.set(Math.floor(at / 1000), (perSecond.get(Math.floor(at / 1000)) ?? 0) + 1);
    const whole = [...perSecond.values()].slice(1, -1);
    return { fps: ((all.length - 1) * 1000) / ((all.at(-1) as number) - (all[0] as number)), worst: Math.max(...gaps), slow: Math.min(...whole) };
  });
  const rows = await page.locator('[data-testid=chat-message]').count();
  console.log(`danmaku ${danmaku}: ${said} messages, ${fps.toFixed(1)} fps, slowest second ${slow}, longest frame ${worst.toFixed(0)} ms, rows ${rows}, MiB ${heaps.map((h) => h.toFixed(1)).join(' ')}`);
  await browser.close();
  await server.close();
  expect(said).toBeGreaterThan(SECONDS * PER_SECOND * 0.9);
  expect(fps).toBeGreaterThanOrEqual(30);
  expect((heaps.at(-1) as number) - (heaps[0] as number)).toBeLessThan(5);
}, 200_000);
