import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { weigh } from '../budget.ts';
import { CATALOGUE } from '../mock/catalogue.ts';
import { MockServer } from '../mock/server.ts';
import { launch } from './browser.ts';

const VIEWER = 80_000;
const LOBBY = 52 * 1024;

let browser: Browser;
let server: MockServer;
let base: string;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = new MockServer();
  base = await server.listen();
  server.gifts = CATALOGUE;
  server.add('demo', 'live', { title: 'Saturday pottery', notice: 'be kind', online: 12 });
  for (let i = 0; i < 20; i++) server.say(`u${i}`, `said before ${i}`, `Name ${i}`);
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.close();
});

test.each(['en-US', 'zh-CN'])('a viewer’s first view (%s) weighs 80 KB at most, packed, without the player', async (locale) => {
  server.stream.push();
  const page = await browser.newPage({ locale });
  const weight = weigh(page, 'room.html');
  await page.goto(`${base}/rooms/demo`);
  await page.waitForSelector('[data-phase=playing]');
  await page.waitForSelector('[data-testid=gift-button]');
  await page.waitForSelector('text=said before 19');
  const { bytes, player, files } = weight();
  expect(player).toBeGreaterThan(50_000); // it is told apart from the rest
  expect(bytes, files.join('\n')).toBeLessThan(VIEWER);
});

test('the lobby weighs less', async () => {
  const page = await browser.newPage();
  const weight = weigh(page, 'index.html');
  await page.goto(base);
  await page.waitForSelector('[data-testid=room-card]');
  const { bytes, files } = weight();
  expect(bytes, files.join('\n')).toBeLessThan(LOBBY);
});

/** Counts how far what is seen jumps about. What moves within half a second of a press is an answer to it, and not counted. */
async function shifts(page: Page): Promise<() => Promise<{ sum: number; what: string[] }>> {
  await page.addInitScript(() => {
    const seen = Object.assign(window, { shifted: { sum: 0, what: [] as string[] } }).shifted;
    type Shift = PerformanceEntry & { value: number; hadRecentInput: boolean; sources: { node: Element | null }[] };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as Shift[]) {
        if (entry.hadRecentInput) continue;
        seen.sum += entry.value;
        seen.what.push(`${entry.value.toFixed(4)} ${entry.sources.map(({ node }) => node?.className || node?.nodeName).join(' ')}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  return () =>
    page.evaluate(async () => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      return (window as unknown as { shifted: { sum: number; what: string[] } }).shifted;
    });
}

const sizes = [
  ['a desktop', { viewport: { width: 1280, height: 760 } }],
  ['a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
] as const;

test.each(sizes)('nothing jumps about on %s: while the page loads, with the first picture and messages, when the line falls and comes back', async (_, options) => {
  server.stream.push();
  const page = await (await browser.newContext({ locale: 'en-US', ...options })).newPage();
  const shifted = await shifts(page);
  await page.goto(`${base}/rooms/demo`);
  await page.waitForSelector('[data-phase=playing]');
  await page.waitForSelector('[data-testid=gift-button]');
  for (let i = 0; i < 5; i++) server.say('u1', `said now ${i}`, 'Ana');
  await page.waitForSelector('[data-testid=chat-message] >> text=said now 4');
  server.event('count', { members: 3, viewers: 1, online: 1500 });
  await page.waitForSelector('[data-online="1500"]');
  await page.evaluate(() => {
    const hint = document.querySelector<HTMLElement>('[data-testid=net-hint]') as HTMLElement;
    const said = Object.assign(window, { said: [] as (string | undefined)[] }).said;
    new MutationObserver(() => said.push(hint.dataset.say)).observe(hint, { attributeFilter: ['data-say'] });
  });
  server.cutChat();
  await page.waitForFunction(() => ['chat_offline', 'net_back'].every((say) => (window as unknown as { said: string[] }).said.includes(say)));
  const { sum, what } = await shifted();
  expect(sum, what.join('\n')).toBeLessThan(0.02);
});

test('nothing jumps about in the lobby', async () => {
  for (const [i, state] of (['live', 'waiting', 'ended'] as const).entries()) server.add(`room${i}`, state);
  const page = await browser.newPage();
  const shifted = await shifts(page);
  await page.goto(base);
  await page.waitForSelector('[data-room=room2]');
  const { sum, what } = await shifted();
  expect(sum, what.join('\n')).toBeLessThan(0.02);
});
